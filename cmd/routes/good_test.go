package routes_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/contract"
	"github.com/clockwork-timer/backend/pkg/apptest/requests"
)

// good is a good request to the route, of person 5.
func good(route string) asking {
	return func(w *apptest.World) apptest.Request { return first(route, dataOf(w)).Request }
}

// byNobody is good without a login or a token.
func byNobody(route string) asking {
	return func(w *apptest.World) apptest.Request {
		r := good(route)(w)
		r.Header = nil
		return r
	}
}

func dataOf(w *apptest.World) requests.World {
	p := w.Person(5)
	data := requests.World{AccountID: p.AccountID, Email: p.Email, ClockworkToken: w.Token(5), IssueKey: "BILL-209", Inngest: true,
		Username: "hannah", Password: "correct horse"}
	if w.Env["JWT_SECRET"] != "" { // else nobody can log in
		data.Bearer = strings.TrimPrefix(login(w, 5, ""), "Bearer ")
	}
	return data
}

// methodOf is the method of good's request.
func methodOf(route string) string { return first(route, requests.World{}).Method }

func first(route string, w requests.World) requests.Request {
	all := requests.All(w)
	return all[slices.IndexFunc(all, func(r requests.Request) bool { return r.Route == route })]
}

// ofAccount reports whether pkg/account tests the route's answers and faults.
func ofAccount(path string) bool {
	_, found := accountRoute(path)
	return found && !strings.HasSuffix(path, "login")
}

// otherRoutes are those that are not the account's.
func otherRoutes() []routes.Route {
	return slices.DeleteFunc(routes.All(), func(r routes.Route) bool { return ofAccount(r.Path) })
}

// The list of requests has every operation of the document, and is right about the
// answers.
func TestGoodRequests(t *testing.T) {
	env := loginEnv("open")
	env["TOKEN_ENCRYPTION_KEY"] = secretKey
	w := apptest.New(t, apptest.Options{Env: env, Inngest: true})
	listed := map[string]bool{}
	for _, r := range requests.All(dataOf(w)) {
		listed[r.Method+" "+r.Route] = true
		a := w.Do(t.Context(), handlerOf(r.Route), r.Request)
		assert.Equal(t, r.Status, a.Status, "%s %s: %s", r.Method, r.Target, a.Body)
		assert.Equal(t, r.Code, a.Failure().Error, "%s %s", r.Method, r.Target)
	}
	document, err := contract.Load()
	require.NoError(t, err)
	for _, o := range document.Operations() {
		if isRealtime(o.Path) || o.Path == "/api/inngest" && o.Method != http.MethodGet { // which only Inngest sends
			continue
		}
		assert.True(t, listed[o.Method+" "+o.Path], "package requests lacks %s %s", o.Method, o.Path)
	}
}
