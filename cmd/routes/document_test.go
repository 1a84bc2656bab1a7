package routes_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/contract"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
)

// The document has every route, with the methods that it accepts, and no other path.
func TestDocumentHasEveryRoute(t *testing.T) {
	document, err := contract.Load()
	require.NoError(t, err)
	documented := map[string]bool{}
	paths := map[string]bool{}
	for _, o := range document.Operations() {
		documented[o.Method+" "+o.Path], paths[o.Path] = true, true
	}
	all := routes.All()
	new(server.Server).Register(func(path string, handler http.HandlerFunc) {
		all = append(all, routes.Route{Path: path, Handler: handler})
	})
	w := required(t)
	for _, route := range all {
		assert.True(t, paths[route.Path], "%s is not in the document", route.Path)
		delete(paths, route.Path)
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			if isRealtime(route.Path) {
				continue
			}
			a := w.Do(t.Context(), route.Handler, apptest.Request{Method: method, Target: route.Path})
			assert.Equal(t, documented[method+" "+route.Path], a.Status != http.StatusMethodNotAllowed, "%s %s: %d", method, route.Path, a.Status)
		}
	}
	assert.Empty(t, paths, "in the document, but no route")
}

// TestEveryAnswer runs the fault matrix. Then it asserts that each operation has
// answered with each status and code that the document lists. That there is no other
// answer is checked on every answer of every test, by apptest.World.Do.
func TestEveryAnswer(t *testing.T) {
	document, err := contract.Load()
	require.NoError(t, err)
	seen := playMatrix(t)
	maps.Copy(seen, answersWithoutFaults(t))
	for _, o := range document.Operations() {
		if isRealtime(o.Path) || ofAccount(o.Path) || o.Path == "/api/inngest" { // where Inngest's SDK answers
			continue
		}
		if strings.HasPrefix(o.Path, "/api/calendar") {
			continue // its answers are tested in api/worklogs
		}
		for _, status := range o.Statuses() {
			codes := o.Errors[status]
			if len(codes) == 0 {
				codes = []string{""}
			}
			for _, code := range codes {
				what := o.Path + " " + status + " " + code
				if slices.Contains(elsewhere, code) {
					continue
				}
				assert.True(t, seen[what], "%s: %s %s is in the document, and was never answered", o.ID, status, code)
			}
		}
	}
}

// isRealtime reports whether the tests of the realtime messages and refusals have the route.
func isRealtime(path string) bool { return path == "/ws" || path == "/api/timers/stream" }

// elsewhere lists the codes whose answers another test compares with the document.
var elsewhere = []string{
	"NOT_CONFIGURED",                                                                                              // TestNotConfigured
	"RATE_LIMITED",                                                                                                // TestQuotas
	"IDEMPOTENCY_IN_PROGRESS", "IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_OUTCOME_UNKNOWN", "IDEMPOTENCY_UNAVAILABLE", // of api/timers
	"TOO_MUCH",                                      // of api/worklogs
	"TOO_MANY_WAITING",                              // TestManyWait of api/timers
	"TOO_MANY_TIMERS", "CLOCKWORK_TOKEN_OF_ANOTHER", // of api/timers
	"SCOPE_TOO_SMALL", "SESSION_UNAVAILABLE", "CROSS_SITE", // tests of pkg/account
}

func answered(path string, a apptest.Answer) string {
	return fmt.Sprintf("%s %d %s", path, a.Status, a.Failure().Error)
}

// assertDocumented checks an answer as apptest.World.Do does, for a process without a
// world.
func assertDocumented(t *testing.T, method, path string, a apptest.Answer) {
	t.Helper()
	document, err := contract.Load()
	require.NoError(t, err)
	assert.NoError(t, document.CheckAnswer(method, path, a.Status, a.Header, a.Body))
}
