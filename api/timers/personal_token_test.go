package timers_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// A warm read of timers with a personal token costs one Redis command, like any other,
// and a revoked one is refused at the next read.
func TestReadWithAPersonalToken(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: map[string]string{"AUTH_MODE": "required", "JWT_SECRET": "a-signing-key-of-thirty-two-bytes"}})
	made, text, err := w.Deps.Tokens.Create(t.Context(), accesstoken.Token{UserID: "linh", AccountID: w.Person(1).AccountID, Provider: "oidc", Scope: accesstoken.Read}, 30)
	require.NoError(t, err)
	read := func(target string) (status int, code string, commands int64) {
		handle := timers.HandleActive
		if target == "/timers" {
			handle = timers.HandleIndex
		}
		var a apptest.Answer
		spent := w.Spent(t, func() {
			a = w.Do(t.Context(), handle, apptest.Request{Target: target, Header: map[string]string{"Authorization": "Bearer " + text}})
		})
		return a.Status, a.Failure().Error, spent.Commands
	}
	status, _, commands := read(active)
	assert.Equal(t, 200, status)
	assert.Equal(t, int64(3), commands, "the first use: whose it is, and the day")
	const reads = 40
	for _, target := range []string{active, "/timers"} {
		var sum int64
		for range reads {
			status, _, commands = read(target)
			assert.Equal(t, 200, status)
			sum += commands
		}
		t.Logf("%d warm reads of %s: %d commands", reads, target, sum)
		assert.Equal(t, int64(reads), sum, target)
	}

	_, _, commands = read(active + "?wait=many")
	assert.Zero(t, commands-1, "a request that reads no timers asks for the token alone")

	w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status})
	status, code, _ := read(active)
	assert.Equal(t, 503, status, "Redis is silent")
	assert.Equal(t, "SESSION_UNAVAILABLE", code)
	w.Faults().Clear()

	found, err := w.Deps.Tokens.Revoke(t.Context(), "linh", made.ID)
	require.NoError(t, err)
	require.True(t, found)
	for range 2 {
		status, code, commands = read(active)
		assert.Equal(t, 401, status)
		assert.Equal(t, "UNAUTHORIZED", code)
		assert.Equal(t, int64(1), commands)
	}
}
