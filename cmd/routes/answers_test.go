package routes_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// asking builds a request for a world.
type asking = func(*apptest.World) apptest.Request

// question is some requests to one route, in one world.
type question struct {
	route   string
	asks    []asking // one after the other
	options apptest.Options
	given   func(*apptest.World) // may be nil
}

const week = "&from=2026-04-27&to=2026-05-03"

// answersWithoutFaults asks every question, and returns the statuses and codes that
// were answered.
func answersWithoutFaults(t *testing.T) map[string]bool {
	var mu sync.Mutex
	seen := map[string]bool{}
	var group errgroup.Group
	group.SetLimit(8) // most of them wait
	for _, q := range questions() {
		w := apptest.New(t, q.options)
		group.Go(func() error {
			if q.given != nil {
				q.given(w)
			}
			for _, ask := range q.asks {
				request := row{route: q.route, ask: ask}.request(w)
				a := w.Do(t.Context(), request.handler, request.Request)
				mu.Lock()
				seen[answered(q.route, a)] = true
				mu.Unlock()
			}
			return nil
		})
	}
	_ = group.Wait()
	return seen
}

func questions() []question {
	all := questionsOfState()
	for _, r := range otherRoutes() {
		route, ask := r.Path, good(r.Path)
		if route == "/api/inngest" {
			continue // Inngest's SDK answers there
		}
		all = append(all,
			question{route: route, asks: append(questionsOfInput(ask), ask), options: apptest.Options{Env: loginEnv("open"), Inngest: true, Unsynced: true}},
			question{route: route, asks: []asking{byNobody(route), asPerson(3, ask), ask}, options: apptest.Options{Env: loginEnv("required"), Unsynced: true}},
			question{route: route, asks: []asking{ask}, options: apptest.Options{Env: loginEnv("required"), Unsynced: true}, given: breakDeps(route)},
			question{route: route, asks: []asking{ask}, options: apptest.Options{Env: undecided, Unsynced: true}},
		)
	}
	return all
}

// breakDeps makes a route panic, which is a fault of our own.
func breakDeps(route string) func(*apptest.World) {
	return func(w *apptest.World) {
		w.Deps.Owners.Redis, w.Deps.Redis = nil, nil
		if route == "/api/settings/validate" {
			return // it calls upstreams in goroutines, and a panic there would end the process
		}
		w.Deps.Timers, w.Deps.Team = nil, nil
		w.Deps.Clockwork, w.Deps.Jira, w.Deps.Names, w.Deps.Worklogs, w.Deps.Login, w.Deps.Live = nil, nil, nil, nil, nil, nil
		w.Deps.Settings.Redis = nil
		w.Deps.Now = func() time.Time { panic("no time") }
		w.Deps.RequestSync = func(context.Context, string) error { panic("no sync") }
	}
}

func loginEnv(mode string) map[string]string {
	// The hash is that of "correct horse", at the lowest cost that is accepted.
	return map[string]string{"AUTH_MODE": mode, "JWT_SECRET": jwtSecret,
		"AUTH_USERS": `[{"username":"hannah","password_hash":"$argon2id$v=19$m=4096,t=1,p=1$c2FsdC1vZi1hLXRlc3QhIQ$Yiy0T3CRxG2jePdR87+xGwwMgT6t5zUlcCT7j5ppPws"}]`}
}

// asPerson adds that person's login to the request.
func asPerson(person int, ask asking) asking {
	return func(w *apptest.World) apptest.Request {
		r := ask(w)
		if r.Header == nil {
			r.Header = map[string]string{}
		}
		r.Header["Authorization"] = login(w, person, "")
		return r
	}
}

// questionsOfInput are requests that are wrong in themselves.
func questionsOfInput(ask asking) []asking {
	with := func(change func(*apptest.Request)) asking {
		return func(w *apptest.World) apptest.Request {
			r := ask(w)
			change(&r)
			return r
		}
	}
	return []asking{
		with(func(r *apptest.Request) { r.Target, _, _ = strings.Cut(r.Target, "?"); r.Target += "?x=1&x=1" }),
		with(func(r *apptest.Request) { r.Body = strings.Repeat(" ", 64<<10) + r.Body }),
		with(func(r *apptest.Request) {
			r.Header = map[string]string{"Content-Type": "text/plain", "X-Clockwork-Token": "x"}
		}),
		with(func(r *apptest.Request) { r.Header = nil }),
	}
}

// questionsOfState are those whose answer depends on the state or on the caller.
func questionsOfState() []question {
	unchanged := func(target string) asking {
		return func(*apptest.World) apptest.Request {
			return apptest.Request{Target: target, Header: map[string]string{"If-None-Match": "*"}}
		}
	}
	refuses := func(w *apptest.World) {
		w.Faults().Add(fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 401})
	}
	open, unsynced := apptest.Options{Env: loginEnv("open"), Unsynced: true}, apptest.Options{Unsynced: true}
	all := []question{
		{route: "/api/timers/active", asks: []asking{unchanged("/api/timers/active")}},
		{route: "/api/team", asks: []asking{unchanged("/api/team"), get("/api/team?project=-")}},
		{route: "/api/team", asks: []asking{get("/api/team")}, options: apptest.Options{Env: map[string]string{"TEAM_VIEW": "off"}}},
		{route: "/api/timers/active", asks: []asking{get("/api/timers/active")}, options: apptest.Options{Env: map[string]string{"TEAM_VIEW": "off"}}},
		{route: "/api/timers/stop", asks: []asking{post(3, "/api/timers/stop", `{"accountId":"ACCOUNT"}`)}},
		{route: "/api/timers/stop", asks: []asking{post(3, "/api/timers/stop", `{"accountId":"ACCOUNT"}`)}, options: unsynced},
		{route: "/api/timers/start", asks: []asking{post(3, "/api/timers/start", `{"issueKey":"BILL-209","stopOthers":true}`)}},
		{route: "/api/worklogs", asks: []asking{get("/api/worklogs?userEmail=nobody@example.test")}},
		{route: "/api/worklogs", asks: []asking{get("/api/worklogs?accountId=ACCOUNT")}, options: apptest.Options{Env: map[string]string{"CLOCKWORK_API_TOKEN": ""}}},
		{route: "/api/worklogs", asks: []asking{get("/api/worklogs?accountId=ACCOUNT")}, given: refuses},
		{route: "/api/today", asks: []asking{get("/api/today?userEmail=nobody@example.test")}},
		{route: "/api/today", asks: []asking{get("/api/today?accountId=ACCOUNT")}, options: apptest.Options{Env: map[string]string{"CLOCKWORK_API_TOKEN": ""}}},
		{route: "/api/today", asks: []asking{get("/api/today?accountId=ACCOUNT")}, given: refuses},
		{route: "/api/worklogs/summary", asks: []asking{get("/api/worklogs/summary?group=day&userEmail=nobody@example.test" + week)}},
		{route: "/api/worklogs/summary", asks: []asking{get("/api/worklogs/summary?group=day&accountId=ACCOUNT" + week)}, options: apptest.Options{Env: map[string]string{"CLOCKWORK_API_TOKEN": ""}}},
		{route: "/api/worklogs/summary", asks: []asking{get("/api/worklogs/summary?group=day&accountId=ACCOUNT" + week)}, given: refuses},
		{route: "/api/worklogs/export", asks: []asking{get("/api/worklogs/export?format=json&userEmail=nobody@example.test" + week)}},
		{route: "/api/worklogs/export", asks: []asking{get("/api/worklogs/export?format=json&accountId=ACCOUNT" + week)}, options: apptest.Options{Env: map[string]string{"CLOCKWORK_API_TOKEN": ""}}},
		{route: "/api/worklogs/export", asks: []asking{get("/api/worklogs/export?format=json&accountId=ACCOUNT" + week)}, given: refuses},
		{route: "/api/issues/search", asks: []asking{get("/api/issues/search?userEmail=nobody@example.test")}},
		{route: "/api/settings/validate", asks: []asking{post(1, "/api/settings/validate", `{"accountId":"ACCOUNT","clockworkApiToken":"wrong"}`)}},
	}
	for _, route := range []string{"/api/settings", "/api/settings/visibility"} {
		withoutAccount := func(w *apptest.World) apptest.Request {
			r := good(route)(w)
			r.Header["Authorization"] = w.Login(users.User{Username: "u"})
			return r
		}
		all = append(all, question{route: route, asks: []asking{withoutAccount, asText(good(route))}, options: open})
	}
	for _, route := range []string{"/api/timers/start", "/api/timers/stop"} { // with the server's token
		mine := post(0, route, `{"issueKey":"BILL-209"}`)
		withoutToken := func(w *apptest.World) apptest.Request {
			r := asPerson(0, mine)(w)
			delete(r.Header, "X-Clockwork-Token")
			return r
		}
		all = append(all, question{route: route, asks: []asking{withoutToken}, options: apptest.Options{Env: loginEnv("required")}, given: refuses})
	}
	for _, route := range []string{"/login", "/api/login"} {
		all = append(all, question{route: route, asks: slices.Repeat([]asking{post(5, route, `{"username":"hannah","password":"wrong"}`)}, 12), options: open})
	}
	for _, route := range []string{"/login", "/api/login", "/api/health"} {
		late := apptest.Options{Env: loginEnv("open"), Unsynced: true, Deadlines: app.Deadlines{Request: time.Nanosecond}}
		all = append(all, question{route: route, asks: []asking{good(route)}, options: late})
	}
	for _, route := range []string{"/timers", "/api/timers"} {
		ask := good(route)
		all = append(all,
			question{route: route, asks: []asking{ask}, options: open, given: func(w *apptest.World) { w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status}) }},
			question{route: route, asks: []asking{ask}, options: open, given: func(w *apptest.World) { w.Deps.Live = noStore{} }})
	}
	return all
}

// noStore is a realtime server whose store does not answer.
type noStore struct{}

func (noStore) Timers(context.Context, string) (realtime.Listing, error) {
	return realtime.Listing{}, realtime.ErrUnavailable
}
