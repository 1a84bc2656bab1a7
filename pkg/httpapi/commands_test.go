package httpapi_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// Starts and stops over a WebSocket share the quota of writes, over all processes.
func TestCommandsAreWrites(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	ann, bob := auth.Caller{Known: true, UserID: "ann"}, auth.Caller{Known: true, UserID: "bob"}
	for range ratelimit.Writes.Quota {
		require.NoError(t, httpapi.AdmitCommand(t.Context(), w.Deps, ann))
	}
	another, err := app.New(w.Deps.Config, app.Options{Log: w.Deps.Log, Now: w.Clock.Now, Deadlines: w.Deps.Deadlines})
	require.NoError(t, err)
	err = httpapi.AdmitCommand(t.Context(), another, ann)
	var exceeded *ratelimit.Exceeded
	require.ErrorAs(t, err, &exceeded)
	assert.Positive(t, exceeded.RetryAfter)
	code, message := httpapi.ExplainCommand(ann, err)
	assert.Equal(t, "RATE_LIMITED", code)
	assert.NotEmpty(t, message)
	require.NoError(t, httpapi.AdmitCommand(t.Context(), w.Deps, bob))
}

func TestCommandRefusedByClockwork(t *testing.T) {
	refused := &upstream.Error{Upstream: "clockwork", Op: "timers.start", Status: http.StatusUnauthorized}
	for name, tc := range map[string]struct {
		who  auth.Caller
		err  error
		code string
	}{
		"own-token":     {auth.Caller{Known: true, ClockworkToken: secret.New("own")}, refused, "CLOCKWORK_UNAUTHORIZED"},
		"servers-token": {auth.Caller{Known: true}, refused, "CLOCKWORK_AUTH_FAILED"},
		"anything-else": {auth.Caller{Known: true}, errors.New("marked"), "INTERNAL_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			code, message := httpapi.ExplainCommand(tc.who, tc.err)
			assert.Equal(t, tc.code, code)
			assert.NotContains(t, message, "marked")
		})
	}
}
