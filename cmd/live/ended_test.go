package live_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/auth/credential"
)

// If another process revokes a personal token, the WebSocket that it opened is
// closed, even if keys have a prefix. A calendar's token cannot open one.
func TestPersonalTokenOverWebSocket(t *testing.T) {
	w := apptest.New(t, apptest.Options{OverTCP: true, Env: map[string]string{"JWT_SECRET": signingKey, "DATABASE_URL": "sqlite://:memory:", "KEY_PREFIX": "team:"}})
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	issue := func(scope accesstoken.Scope) (accesstoken.Token, string) {
		made, text, err := w.Deps.Tokens.Create(ctx, accesstoken.Token{UserID: "ann", AccountID: w.Person(1).AccountID, Provider: "oidc", Scope: scope}, 1)
		require.NoError(t, err)
		return made, text
	}
	serve(ctx, t, w, func(ctx context.Context, url string) {
		dial := func(text string) (*websocket.Conn, int) {
			ws, res, err := websocket.Dial(ctx, url+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + text}}})
			if err == nil {
				_, _, err = ws.Read(ctx) // the state
				require.NoError(t, err)
			}
			return ws, res.StatusCode
		}
		_, calendar := issue(accesstoken.Calendar)
		_, status := dial(calendar)
		assert.Equal(t, http.StatusForbidden, status)

		made, text := issue(accesstoken.Read)
		ws, _ := dial(text)
		revoked, err := w.Deps.Tokens.Revoke(ctx, "ann", made.ID)
		require.NoError(t, err)
		require.True(t, revoked)
		require.NoError(t, credential.PublishEnded(ctx, w.Deps.Redis, "ann", []string{made.ID}))
		for err == nil {
			_, _, err = ws.Read(ctx)
		}
		assert.Equal(t, websocket.StatusCode(4401), websocket.CloseStatus(err))
		_, status = dial(text)
		assert.Equal(t, http.StatusUnauthorized, status)
	})
}
