package routes_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
)

// outcome is the expected answer of a cell. has is a text in its body.
type outcome struct {
	status           int
	code, field, has string
}

// row is one way to use a route, and one dependency that fails.
type row struct {
	route, variant, dependency string
	ask                        func(w *apptest.World) apptest.Request
	want                       map[string]outcome // by fault

	options apptest.Options
	given   func(w *apptest.World) // prepares it; may be nil
	effect  effect
}

// world returns a new world for one cell of the row. The deadlines apply to the
// request alone. The preparation of the world has more time.
func (r row) world(t *testing.T, d app.Deadlines) *apptest.World {
	env := map[string]string{"LOG_LEVEL": "debug", "JWT_SECRET": jwtSecret, "TOKEN_ENCRYPTION_KEY": secretKey, "INNGEST_EVENT_KEY": secretEvent, "INNGEST_SIGNING_KEY": secretSign}
	maps.Copy(env, r.options.Env)
	r.options.Env = env
	w := apptest.New(t, r.options)
	if r.given != nil {
		r.given(w)
	}
	if d != (app.Deadlines{}) {
		w.Restart(t, d)
	}
	return w
}

// in sets the options and the preparation of the rows' worlds.
func in(options apptest.Options, given func(*apptest.World), rows ...row) []row {
	for i := range rows {
		rows[i].options, rows[i].given = options, given
	}
	return rows
}

// having sets the effect of rows.
func having(e effect, rows ...row) []row {
	for i := range rows {
		rows[i].effect = e
	}
	return rows
}

func rowOf(route, variant, dependency string, ask asking, want map[string]outcome) row {
	return row{route: route, variant: variant, dependency: dependency, ask: ask, want: want}
}

func (r row) name() string {
	return strings.Trim(strings.NewReplacer("/", "-", "{", "", "}", "").Replace(r.route), "-") + r.variant + "/" + r.dependency
}

type handled struct {
	apptest.Request
	handler http.HandlerFunc
}

func (r row) request(w *apptest.World) handled {
	request := handled{r.ask(w), handlerOf(r.route)}
	if r.route == "/api/inngest" {
		request.handler = executor(request.handler)
	}
	return request
}

// every returns the same outcome for all faults.
func every(o outcome) map[string]outcome {
	all := map[string]outcome{}
	for _, f := range faults {
		all[f.name] = o
	}
	return all
}

// but returns all with some outcomes replaced.
func but(all map[string]outcome, others map[string]outcome) map[string]outcome {
	all = maps.Clone(all)
	maps.Copy(all, others)
	return all
}

// fine returns the outcomes of a route that works without the dependency.
func fine(status int) map[string]outcome { return every(outcome{status: status}) }

// reads returns the outcomes of a route that needs the upstream, and calls it with
// the server's own credential.
func reads(upstream, field string) map[string]outcome {
	failure := func(status int, code string) outcome { return outcome{status, upstream + "_" + code, field, ""} }
	return but(every(failure(502, "UNAVAILABLE")), map[string]outcome{
		"hang": failure(504, "TIMEOUT"),
		"slow": {status: 200},
		"400":  failure(400, "BAD_REQUEST"),
		"401":  failure(502, "AUTH_FAILED"),
		"403":  failure(502, map[string]string{"JIRA": "FORBIDDEN", "CLOCKWORK": "AUTH_FAILED"}[upstream]), // in Jira a missing permission, in Clockwork a token's missing scope
		"404":  failure(404, "NOT_FOUND"),
		"409":  failure(409, "INVALID_STATE"),
		"422":  failure(422, "INVALID_STATE"),
		"429":  failure(429, "RATE_LIMITED"),
	})
}

// asCaller is reads of Clockwork with the caller's own token.
func asCaller() map[string]outcome {
	return but(reads("CLOCKWORK", ""), map[string]outcome{
		"401": {status: 401, code: "CLOCKWORK_UNAUTHORIZED"},
		"403": {status: 403, code: "CLOCKWORK_FORBIDDEN"},
	})
}

// writes is asCaller for a start or stop. Any complete 2xx answer is a success,
// whatever its body.
func writes(success int) map[string]outcome {
	done := outcome{status: success}
	return but(asCaller(), map[string]outcome{"slow": done, "html": done, "wrong-types": done, "malformed": done})
}

// checks returns the outcomes of the deep health check, whose body names what is
// down.
func checks(dependency string) map[string]outcome {
	return but(every(outcome{status: 503, has: fmt.Sprintf(`"%s":{"status":"down"`, dependency)}), map[string]outcome{
		"slow": {status: 200, has: `"status":"ok"`},
	})
}

var unavailable = but(every(outcome{status: 503, code: "CACHE_UNAVAILABLE"}), map[string]outcome{"slow": {status: 200}})

// notFound replaces the outcome of a 404 for a route that asks for one thing by name.
func notFound(code string) map[string]outcome {
	return map[string]outcome{"404": {status: 404, code: code}}
}

func get(format string) asking {
	return func(w *apptest.World) apptest.Request {
		return apptest.Request{Target: strings.NewReplacer("ACCOUNT", w.Person(5).AccountID, "EMAIL", w.Person(5).Email).Replace(format)}
	}
}

// post returns a request with a body, and with that person's Clockwork token.
func post(person int, target, body string) asking {
	return func(w *apptest.World) apptest.Request {
		body := strings.NewReplacer("ACCOUNT", w.Person(person).AccountID, "TOKEN", w.Token(person)).Replace(body)
		return apptest.Request{Target: target, Body: body, Header: map[string]string{"X-Clockwork-Token": w.Token(person)}}
	}
}

// asText sends the body with a type other than JSON.
func asText(ask asking) asking {
	return func(w *apptest.World) apptest.Request {
		r := ask(w)
		r.Header["Content-Type"] = "text/plain"
		return r
	}
}

func withToken(ask asking) asking {
	return func(w *apptest.World) apptest.Request {
		r := ask(w)
		r.Header = map[string]string{"X-Clockwork-Token": w.Token(5)}
		return r
	}
}

// signals returns the outcomes of a start or stop that asks Inngest for a sync, and
// answers whether that worked.
func signals(status int) map[string]outcome {
	return but(every(outcome{status: status, has: `"syncRequested":false`}), map[string]outcome{
		"slow": {status: status, has: `"syncRequested":true`},
	})
}

// withoutNames returns the outcomes of a list that works without Jira's names, and
// says so.
func withoutNames() map[string]outcome {
	return but(every(outcome{status: 200, has: `"degraded":["jira"]`}), map[string]outcome{
		"slow": {status: 200}, "404": {status: 200}, // 404 only says that the person is unknown
	})
}
