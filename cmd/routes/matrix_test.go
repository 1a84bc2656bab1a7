package routes_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/clockwork-timer/backend/pkg/apptest"
)

// outcome is what a cell must come to. has is a text in the body.
type outcome struct {
	status           int
	code, field, has string
}

// row is one way to use a route, and one dependency that fails.
type row struct {
	route, variant, dependency string
	ask                        func(w *apptest.World) apptest.Request
	want                       map[string]outcome // by fault
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
	if r.route == "/api/issues/{key}" { // as the rewrite has it
		handler := request.handler
		request.handler = func(w http.ResponseWriter, r *http.Request) { r.SetPathValue("key", "BILL-209"); handler(w, r) }
	}
	return request
}

// every gives all faults one outcome.
func every(o outcome) map[string]outcome {
	all := map[string]outcome{}
	for _, f := range faults {
		all[f.name] = o
	}
	return all
}

// but replaces some outcomes.
func but(all map[string]outcome, others map[string]outcome) map[string]outcome {
	all = maps.Clone(all)
	maps.Copy(all, others)
	return all
}

// fine is a route that does without the dependency, slow or not.
func fine(status int) map[string]outcome { return every(outcome{status: status}) }

// reads is a route that cannot do without the upstream, with the server's own
// credential.
func reads(upstream, field string) map[string]outcome {
	tell := func(status int, code string) outcome { return outcome{status, upstream + "_" + code, field, ""} }
	return but(every(tell(502, "UNAVAILABLE")), map[string]outcome{
		"hang": tell(504, "TIMEOUT"),
		"slow": {status: 200},
		"401":  tell(502, "AUTH_FAILED"),
		"403":  tell(502, "AUTH_FAILED"),
		"404":  tell(404, "NOT_FOUND"),
		"422":  tell(422, "INVALID_STATE"),
		"429":  tell(429, "RATE_LIMITED"),
	})
}

// asCaller is reads, with the caller's own token.
func asCaller() map[string]outcome {
	return but(reads("CLOCKWORK", ""), map[string]outcome{
		"401": {status: 401, code: "CLOCKWORK_UNAUTHORIZED"},
		"403": {status: 403, code: "CLOCKWORK_FORBIDDEN"},
	})
}

// writes is asCaller for a start or stop: an answer of success counts whatever
// it says, as long as all of it arrives.
func writes(success int) map[string]outcome {
	done := outcome{status: success}
	return but(asCaller(), map[string]outcome{"slow": done, "html": done, "wrong-types": done, "malformed": done})
}

// checks is the deep health: always its own body, which names what is down.
func checks(dependency string) map[string]outcome {
	return but(every(outcome{status: 503, has: fmt.Sprintf(`"%s":{"status":"down"`, dependency)}), map[string]outcome{
		"slow": {status: 200, has: `"status":"ok"`},
	})
}

var unavailable = but(every(outcome{status: 503, code: "CACHE_UNAVAILABLE"}), map[string]outcome{"slow": {status: 200}})

// notFound is what 404 means where one thing was asked for by name.
func notFound(code string) map[string]outcome {
	return map[string]outcome{"404": {status: 404, code: code}}
}

func get(format string) func(*apptest.World) apptest.Request {
	return func(w *apptest.World) apptest.Request {
		return apptest.Request{Target: strings.NewReplacer("ACCOUNT", w.Person(5).AccountID, "EMAIL", w.Person(5).Email).Replace(format)}
	}
}

// post sends a body in the name of a person, with their token.
func post(person int, target, body string) func(*apptest.World) apptest.Request {
	return func(w *apptest.World) apptest.Request {
		body := strings.NewReplacer("ACCOUNT", w.Person(person).AccountID, "TOKEN", w.Token(person)).Replace(body)
		return apptest.Request{Target: target, Body: body, Header: map[string]string{"X-Clockwork-Token": w.Token(person)}}
	}
}

func withToken(ask func(*apptest.World) apptest.Request) func(*apptest.World) apptest.Request {
	return func(w *apptest.World) apptest.Request {
		r := ask(w)
		r.Header = map[string]string{"X-Clockwork-Token": w.Token(5)}
		return r
	}
}

func matrix() []row {
	worklogs, byEmail := get("/api/worklogs?date=2026-04-28&accountId=ACCOUNT"), get("/api/worklogs?date=2026-04-28&userEmail=EMAIL")
	start := post(5, "/api/timers/start", `{"issueKey":"BILL-209","accountId":"ACCOUNT"}`)
	stop, stopOnly := post(1, "/api/timers/stop", `{"issueKey":"PORTAL-312","accountId":"ACCOUNT"}`), post(1, "/api/timers/stop", `{"accountId":"ACCOUNT"}`)
	validate := post(1, "/api/settings/validate", `{"accountId":"ACCOUNT","clockworkApiToken":"TOKEN"}`)
	issue, search, resolve := get("/api/issues/BILL-209"), get("/api/issues/search?accountId=ACCOUNT"), get("/api/users/resolve?email=EMAIL")
	health := get("/api/health?deep=1")
	general := outcome{status: 502, code: "CLOCKWORK_UNAVAILABLE", field: "general"}
	noJira := outcome{status: 502, code: "JIRA_UNAVAILABLE", field: "general"}
	wrongToken := outcome{status: 400, code: "VALIDATION_ERROR", field: "clockworkApiToken"}
	return []row{
		{"/api/health", "", "clockwork", health, checks("clockwork")},
		{"/api/health", "", "jira", health, checks("jira")},
		{"/api/health", "", "redis", health, checks("redis")},
		{"/api/timers/active", "", "redis", get("/api/timers/active?accountId=ACCOUNT"), unavailable},
		{"/api/timers/active", "-everybody", "redis", get("/api/timers/active"), unavailable},
		{"/api/timers/start", "", "clockwork", start, writes(201)},
		{"/api/timers/start", "", "jira", start, fine(201)},
		{"/api/timers/start", "", "redis", start, fine(201)},
		{"/api/timers/stop", "", "clockwork", stop, but(writes(200), map[string]outcome{"422": {status: 200, has: `"stopped":false`}})},
		{"/api/timers/stop", "", "redis", stop, fine(200)},
		{"/api/timers/stop", "-the-only-one", "redis", stopOnly, unavailable},
		{"/api/worklogs", "", "clockwork", worklogs, reads("CLOCKWORK", "")},
		{"/api/worklogs", "-own-token", "clockwork", withToken(worklogs), asCaller()},
		{"/api/worklogs", "", "jira", worklogs, fine(200)},
		{"/api/worklogs", "", "redis", worklogs, fine(200)},
		{"/api/worklogs", "-by-e-mail", "jira", byEmail, but(reads("JIRA", ""), notFound("USER_NOT_FOUND"))},
		{"/api/worklogs", "-by-e-mail", "redis", byEmail, fine(200)},
		{"/api/issues/{key}", "", "jira", issue, but(reads("JIRA", ""), notFound("ISSUE_NOT_FOUND"))},
		{"/api/issues/{key}", "", "redis", issue, fine(200)},
		{"/api/issues/search", "", "jira", search, reads("JIRA", "")},
		{"/api/issues/search", "", "redis", search, fine(200)},
		{"/api/users/resolve", "", "jira", resolve, but(reads("JIRA", ""), notFound("USER_NOT_FOUND"))},
		{"/api/users/resolve", "", "redis", resolve, fine(200)},
		{"/api/settings/validate", "", "clockwork", validate, but(reads("CLOCKWORK", "general"), map[string]outcome{
			"401": wrongToken, "403": wrongToken, "404": general, "422": general})},
		{"/api/settings/validate", "", "jira", validate, but(reads("JIRA", "general"), map[string]outcome{
			"404": {status: 400, code: "VALIDATION_ERROR", field: "accountId"}, "422": noJira})},
		{"/api/settings/validate", "", "redis", validate, fine(200)},
	}
}
