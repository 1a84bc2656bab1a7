package routes_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// onVercel are the variables of a deployment on Vercel, which sets the client's
// address in headers.
var onVercel = map[string]string{"VERCEL_ENV": "production", "INNGEST_EVENT_KEY": "event-key-0123", "INNGEST_SIGNING_KEY": "signkey-prod-0123456789abcdef"}

// from sends a request to a route from an address.
func from(w *apptest.World, address, route string, r apptest.Request) *httptest.ResponseRecorder {
	method := http.MethodGet
	if r.Body != "" {
		method = http.MethodPost
	}
	request := httptest.NewRequest(method, r.Target, strings.NewReader(r.Body))
	request.RemoteAddr = address
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	return answerTo(httpapi.WithDeps(w.Deps, handlerOf(route)), request)
}

// Each route states its quota in headers, and refuses requests beyond it. A quota
// that a process counts refills evenly; one that all processes count together starts
// again when its window ends.
func TestQuotas(t *testing.T) {
	for _, tt := range []struct {
		name, route, policy string
		ask                 asking
		mode                string
		quota               int
		wait                time.Duration
		whole               bool // after the wait the whole quota is available again
	}{
		{"read-with-a-login", "/api/timers/active", `"read";q=120;w=60`, get("/api/timers/active"), "required", 120, 500 * time.Millisecond, false},
		{"read-with-a-token", "/api/timers/active", `"read";q=120;w=60`, withToken(get("/api/timers/active?accountId=ACCOUNT")), "open", 120, 500 * time.Millisecond, false},
		{"timers-with-a-login", "/timers", `"read";q=120;w=60`, good("/timers"), "required", 120, 500 * time.Millisecond, false},
		{"start", "/api/timers/start", `"write";q=30;w=60`, post(5, "/api/timers/start", `{"issueKey":"BILL-9999"}`), "open", 30, 2 * time.Second, false},
		{"stop", "/api/timers/stop", `"write";q=30;w=60`, good("/api/timers/stop"), "required", 30, time.Minute, true},
		{"sync", "/api/timers/sync", `"write";q=30;w=60`, good("/api/timers/sync"), "required", 30, time.Minute, true},
		{"worklogs", "/api/worklogs", `"lookup";q=60;w=60`, get("/api/worklogs?date=2026-04-28&tz=UTC"), "required", 60, time.Minute, true},
		{"worklogs-without-a-credential", "/api/worklogs", `"costly-address";q=300;w=60`, get("/api/worklogs?accountId=ACCOUNT&date=2026-04-28&tz=UTC"), "open", 300, time.Minute, true},
		{"issue", "/api/issues/{key}", `"read";q=120;w=60`, good("/api/issues/{key}"), "required", 120, 500 * time.Millisecond, false},
		{"search", "/api/issues/search", `"lookup";q=60;w=60`, good("/api/issues/search"), "required", 60, time.Minute, true},
		{"resolve", "/api/users/resolve", `"lookup";q=60;w=60`, good("/api/users/resolve"), "required", 60, time.Minute, true},
		{"validate", "/api/settings/validate", `"write";q=30;w=60`, good("/api/settings/validate"), "required", 30, time.Minute, true},
		{"validate-without-a-credential", "/api/settings/validate", `"costly-address";q=300;w=60`, func(w *apptest.World) apptest.Request {
			r := post(5, "/api/settings/validate", `{"accountId":"ACCOUNT","clockworkApiToken":""}`)(w)
			r.Header = nil
			return r
		}, "open", 300, time.Minute, true},
		{"deep-health", "/api/health", `"health";q=12;w=60`, good("/api/health"), "open", 12, time.Minute, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t, apptest.Options{Unsynced: true, Env: loginEnv(tt.mode), Inngest: true})
			ask := tt.ask
			if tt.mode == "required" {
				ask = asPerson(5, ask)
			}
			request := row{route: tt.route, ask: ask}.request(w)
			do := func() apptest.Answer { return w.Do(t.Context(), request.handler, request.Request) }
			for n := range tt.quota {
				a := do()
				require.NotEqual(t, 429, a.Status, "request %d: %s", n, a.Body)
				assert.Equal(t, tt.policy, a.Header.Get("RateLimit-Policy"))
				assert.Contains(t, a.Header.Get("RateLimit"), fmt.Sprintf(";r=%d;t=", tt.quota-n-1))
			}
			a := do()
			a.AssertForm(t)
			assert.Equal(t, 429, a.Status)
			assert.Equal(t, "RATE_LIMITED", a.Failure().Error)
			assert.Equal(t, fmt.Sprint(int((tt.wait+time.Second-1)/time.Second)), a.Header.Get("Retry-After"))
			assert.Equal(t, tt.policy, a.Header.Get("RateLimit-Policy"))
			assert.Contains(t, a.Header.Get("RateLimit"), ";r=0;t=60")
			w.Clock.Advance(tt.wait)
			assert.NotEqual(t, 429, do().Status, "after the wait")
			assert.Equal(t, !tt.whole, do().Status == 429)
			w.AssertNoSecrets(t, string(a.Body))
		})
	}
}

// Requests that cost an upstream's time are counted exactly over all processes, even if
// their clocks are wrong.
func TestQuotasAcrossProcesses(t *testing.T) {
	for name, options := range map[string]apptest.Options{"rest": {}, "tcp": {OverTCP: true}} {
		t.Run(name, func(t *testing.T) {
			options.Env = loginEnv("required")
			refused, reached := 0, 0
			for n := 0; n < 5 && refused < 4; n++ { // if Redis answers late, as on a busy machine, a process counts alone
				w := apptest.New(t, options)
				request := row{route: "/api/timers/stop", ask: asPerson(5, post(5, "/api/timers/stop", `{"issueKey":"BILL-209"}`))}.request(w)
				processes := []*apptest.World{w, w.Another(t, 0), w.Another(t, time.Minute), w.Another(t, time.Hour)}
				for n := range 30 {
					a := processes[n%3].Do(t.Context(), request.handler, request.Request)
					require.Equal(t, 200, a.Status, "request %d: %s", n, a.Body)
				}
				refused = 0
				for _, p := range processes {
					if p.Do(t.Context(), request.handler, request.Request).Status == 429 {
						refused++
					}
				}
				reached = w.Sandbox.Requests()["clockwork.stop_timer"]
			}
			assert.Equal(t, 4, refused)
			assert.Equal(t, 30, reached, "refused requests do not reach Clockwork")
		})
	}
}

func TestDeepHealthAcrossProcesses(t *testing.T) {
	status := 0
	for n := 0; n < 5 && status != 429; n++ { // as above
		w := apptest.New(t, apptest.Options{Unsynced: true})
		ask := get("/api/health?deep=1")(w)
		second := w.Another(t, 0)
		for range 6 {
			for _, p := range []*apptest.World{w, second} {
				require.Equal(t, 200, p.Do(t.Context(), handlerOf("/api/health"), ask).Status)
			}
		}
		status = second.Do(t.Context(), handlerOf("/api/health"), ask).Status
	}
	assert.Equal(t, 429, status)
}

// A client cannot change its address for the rate limits by a header. On Vercel the
// platform sets these headers, and overwrites what a client sent.
func TestForgedAddresses(t *testing.T) {
	for name, tt := range map[string]struct {
		env  map[string]string
		want bool // each header counts as another address
	}{"own-server": {nil, false}, "vercel": {onVercel, true}} {
		for _, header := range []string{"X-Forwarded-For", "X-Real-Ip", "X-Vercel-Forwarded-For", "Forwarded", "X-Client-Ip", "Cf-Connecting-Ip", "True-Client-Ip"} {
			t.Run(name+"/"+header, func(t *testing.T) {
				t.Parallel()
				w := apptest.New(t, apptest.Options{Unsynced: true, Env: tt.env})
				limited := 0
				for n := range 14 {
					r := get("/api/health?deep=1")(w)
					r.Header = map[string]string{header: fmt.Sprintf("198.51.100.%d", n)}
					if header == "Forwarded" {
						r.Header[header] = fmt.Sprintf("for=198.51.100.%d", n)
					}
					if from(w, "192.0.2.1:4711", "/api/health", r).Code == 429 {
						limited++
					}
				}
				believed := tt.want && strings.HasPrefix(header, "X-") && header != "X-Client-Ip"
				assert.Equal(t, map[bool]int{true: 0, false: 2}[believed], limited)
				assert.NotContains(t, w.Log.String(), "198.51.100.")
				assert.NotContains(t, w.Log.String(), "192.0.2.1")
			})
		}
	}
}

// Made-up tokens, and other addresses of the same network, give no new quota.
func TestMadeUpCallers(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	ask := func(n int) int {
		r := get("/api/users/resolve?query=x")(w)
		r.Header = map[string]string{"X-Clockwork-Token": fmt.Sprintf("made-up-%d", n)}
		return from(w, fmt.Sprintf("[2001:db8:1:2::%x]:4711", n+1), "/api/users/resolve", r).Code
	}
	w.Refuse("jira") // costs no time
	for n := range 300 {
		require.NotEqual(t, 429, ask(n), "request %d", n)
	}
	assert.Equal(t, 429, ask(300))
	for _, key := range w.Redis.Miniredis().Keys() {
		assert.NotContains(t, key, "made-up")
		assert.NotContains(t, key, "2001:db8")
	}
}

// A process keeps a bounded number of buckets, even for ten thousand addresses and
// tokens.
func TestManyAddresses(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	r := apptest.Request{Target: "/api/timers/active?wait=x"} // refused without asking Redis
	for n := range 10_000 {
		r.Header = map[string]string{"X-Clockwork-Token": fmt.Sprintf("token-%d", n)}
		require.Equal(t, 400, from(w, fmt.Sprintf("198.%d.%d.1:4711", n/256, n%256), "/api/timers/active", r).Code)
	}
	assert.Equal(t, 8192, w.Deps.Limits.Buckets())
}

// Without Redis each process applies the quotas by itself, and nothing else fails.
func TestQuotasWithoutRedis(t *testing.T) {
	for name, kind := range map[string]fault.Kind{"answers-500": fault.Status, "wrong-types": fault.WrongTypes, "html": fault.HTML} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{})
			w.Faults().Add(fault.Fault{Upstream: "redis", Kind: kind})
			search := withToken(get("/api/issues/search?accountId=ACCOUNT"))(w)
			for n := range 60 {
				a := w.Do(t.Context(), handlerOf("/api/issues/search"), search)
				require.Equal(t, 200, a.Status, "request %d: %s", n, a.Body)
			}
			assert.Equal(t, 429, w.Do(t.Context(), handlerOf("/api/issues/search"), search).Status)
		})
	}
}

// A hanging Redis delays requests that cost an upstream's time by half a second, once.
func TestQuotasWhileRedisHangs(t *testing.T) {
	w := apptest.New(t, apptest.Options{Deadlines: app.Deadlines{Redis: time.Minute}})
	hang := w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Hang})
	search := get("/api/issues/search?accountId=ACCOUNT")(w)
	began := time.Now()
	for range 5 {
		assert.Equal(t, 200, w.Do(t.Context(), handlerOf("/api/issues/search"), search).Status)
	}
	assert.Equal(t, 1, hang.Hits())
	assert.Less(t, time.Since(began), 30*time.Second, "half a second once, and not the minute of a command")
}

func TestQuotasOff(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true, Env: map[string]string{"RATE_LIMIT": "off"}})
	for range 40 {
		a := w.Do(t.Context(), handlerOf("/api/health"), get("/api/health?deep=1")(w))
		require.Equal(t, 200, a.Status)
		assert.Empty(t, a.Header.Get("RateLimit"))
	}
}

// The limits cost a read nothing, and a start or stop no round trip.
func TestCostOfQuotas(t *testing.T) {
	cost := func(limit, route string) (commands, trips int64) {
		w := apptest.New(t, apptest.Options{Env: map[string]string{"RATE_LIMIT": limit, "AUTH_MODE": "required", "JWT_SECRET": jwtSecret}, Inngest: true})
		request := row{route: route, ask: good(route)}.request(w)
		spent := w.Spent(t, func() {
			a := w.Do(t.Context(), request.handler, request.Request)
			require.Less(t, a.Status, 300, "%s", a.Body)
		})
		return spent.Commands, spent.RoundTrips
	}
	for name, tt := range map[string]struct {
		route           string
		commands, trips int64 // more than without limits
	}{
		"active":   {"/api/timers/active", 0, 0},
		"timers":   {"/timers", 0, 0},
		"issue":    {"/api/issues/{key}", 1, 1}, // not in Redis yet
		"worklogs": {"/api/worklogs", 1, 1},
		"start":    {"/api/timers/start", 1, 0},
		"stop":     {"/api/timers/stop", 1, 0},
		"sync":     {"/api/timers/sync", 1, 1},
		"search":   {"/api/issues/search", 1, 1},
		"resolve":  {"/api/users/resolve", 1, 1},
		"validate": {"/api/settings/validate", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			commands, trips := cost("off", tt.route)
			withCommands, withTrips := cost("on", tt.route)
			t.Logf("%d commands in %d round trips, without limits %d in %d", withCommands, withTrips, commands, trips)
			assert.Equal(t, tt.commands, withCommands-commands)
			assert.Equal(t, tt.trips, withTrips-trips)
		})
	}
}

// Every answer, even a preflight's and an error's, has headers that stop browsers
// from treating it as a page.
func TestProtectedAnswers(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	server := httptest.NewServer(routes.Handler(w.Deps))
	defer server.Close()
	for _, line := range []string{"GET /api/health", "GET /api/timers/active", "GET /api/nothing", "POST /api/timers/start", "DELETE /api/timers/active", "GET /timers", "GET /api/inngest"} {
		a := send(t, server, line)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			assert.Equal(t, want, a.Header.Get(name), "%s: %s", line, name)
		}
		if line != "GET /api/inngest" { // no page calls it
			assert.Equal(t, "Origin", a.Header.Get("Vary"), line)
		}
	}
}
