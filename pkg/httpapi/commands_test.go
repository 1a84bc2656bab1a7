package httpapi_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	err := httpapi.AdmitCommand(t.Context(), w.Another(t, 0).Deps, ann)
	var exceeded *ratelimit.Exceeded
	require.ErrorAs(t, err, &exceeded)
	assert.Positive(t, exceeded.RetryAfter)
	code, message := httpapi.ExplainCommand(err)
	assert.Equal(t, "RATE_LIMITED", code)
	assert.NotEmpty(t, message)
	require.NoError(t, httpapi.AdmitCommand(t.Context(), w.Deps, bob))
}

func TestCommandRefusedByClockwork(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true, Env: map[string]string{"CLOCKWORK_ACCOUNT_ID": "ann"}})
	refused := &upstream.Error{Upstream: "clockwork", Op: "timers.start", Status: http.StatusUnauthorized}
	for name, tc := range map[string]struct {
		sent string
		err  error
		code string
	}{
		"own-token":     {"own", refused, "CLOCKWORK_UNAUTHORIZED"},
		"servers-token": {"", refused, "CLOCKWORK_AUTH_FAILED"},
		"anything-else": {"own", errors.New("marked"), "INTERNAL_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := httpapi.WriteToken(w.Deps, auth.Caller{Known: true, AccountID: "ann", ClockworkToken: secret.New(tc.sent)})
			require.NoError(t, err)
			code, message := httpapi.ExplainCommand(token.Failed(t.Context(), tc.err))
			assert.Equal(t, tc.code, code)
			assert.NotContains(t, message, "marked")
		})
	}
}

// Worklogs are read with a saved token only if the server has none.
func TestReadToken(t *testing.T) {
	for name, tc := range map[string]struct{ server, saved, want string }{
		"servers":       {"server", "saved", "server"},
		"saved":         {"", "saved", "saved"},
		"there-is-none": {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{Unsynced: true, Env: map[string]string{"CLOCKWORK_API_TOKEN": tc.server, "TOKEN_ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}})
			if tc.saved != "" {
				require.NoError(t, w.Deps.ClockworkTokens.Save(t.Context(), "ann", secret.New(tc.saved)))
			}
			token, err := httpapi.ReadToken(t.Context(), w.Deps, auth.Caller{Known: true, UserID: "ann", AccountID: "ann"})
			if tc.want == "" {
				require.ErrorIs(t, err, auth.ErrNoClockwork)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, token.Value.Reveal())
		})
	}
}
