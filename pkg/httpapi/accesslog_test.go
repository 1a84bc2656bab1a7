package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// The text of an error that the caller can correct may quote their input: only the
// debug log has it.
func TestErrorTextOfACallersFault(t *testing.T) {
	for level, shown := range map[string]bool{"info": false, "debug": true} {
		w := apptest.New(t, apptest.Options{Unsynced: true, Env: map[string]string{"LOG_LEVEL": level}})
		w.Do(t.Context(), func(w http.ResponseWriter, r *http.Request) {
			httpapi.Serve(w, r, httpapi.Route{Method: http.MethodGet, Path: "/api/users/resolve", Handle: func(context.Context, *app.Deps, *httpapi.Request) (web.Reply, error) {
				return web.Reply{}, fmt.Errorf("%w: %w", httpapi.ErrUserNotFound, &upstream.Error{Upstream: "jira", Op: "users.find", Status: 404, Message: "no Linh Marked"})
			}})
		}, apptest.Request{Target: "/api/users/resolve?email=a@b.test"})
		assert.Contains(t, w.Log.String(), "op=users.find upstream_status=404")
		assert.Equal(t, shown, strings.Contains(w.Log.String(), "Linh Marked"), level)
	}
}
