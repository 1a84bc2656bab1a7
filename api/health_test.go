package api_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/api"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/version"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

func TestHealth(t *testing.T) {
	deep := apptest.Request{Target: "/api/health?deep=1"}
	down := func(upstream string) given { return broken(fault.Fault{Upstream: upstream, Kind: fault.Status}) }
	later := func(d time.Duration) given {
		return func(_ *testing.T, w *apptest.World, _ *apptest.Request) { w.Clock.Advance(d) }
	}
	short := apptest.Options{Deadlines: app.Deadlines{Check: 200 * time.Millisecond, Redis: 200 * time.Millisecond}}
	scheduled := apptest.Options{Env: map[string]string{"SYNC_CRON": "*/5 * * * *"}}
	undecided := apptest.Options{Env: map[string]string{"AUTH_MODE": "", "VERCEL_ENV": "production", "INNGEST_EVENT_KEY": "event-key", "INNGEST_SIGNING_KEY": "signkey-prod-00", "VERCEL_GIT_COMMIT_SHA": "0123456789abcdef"}}
	forge := apptest.Options{Env: map[string]string{"TIMER_SOURCE": "forge"}}
	either := apptest.Options{Env: map[string]string{"TIMER_SOURCE": "auto"}}
	// A token from before still works: what counts is that no other can be had.
	refused := func(style string, revoked bool) given {
		return func(_ *testing.T, w *apptest.World, _ *apptest.Request) {
			w.Sandbox.Switch(func(s *sandbox.Switches) { s.SessionExpired, s.SessionRefusal = true, style })
			if revoked {
				w.Sandbox.RevokeTokens()
			}
		}
	}
	apptest.Run(t, api.HandleHealth, append(apptest.BadQueries("/api/health"), []apptest.Scenario{
		{Name: "shallow", Request: apptest.Request{Target: "/api/health"}, Status: 200, Golden: true},
		{Name: "shallow-asks-nobody", Request: apptest.Request{Target: "/api/health"}, Given: and(down("redis"), down("jira"), down("clockwork")), Status: 200, HasNot: []string{"checks"}},
		{Name: "deep", Request: deep, Status: 200, Has: []string{`"status":"ok"`, `"redis":{"status":"up"`, `"jira":{"status":"up"`, `"clockwork":{"status":"up"`, `"jiraSession":{"status":"up"`, `"sync":{"status":"up"`}},
		{Name: "deep-over-tcp", Options: apptest.Options{OverTCP: true}, Request: deep, Status: 200, Has: []string{`"redis":{"status":"up"`}},
		{Name: "redis-down", Request: deep, Given: down("redis"), Status: 503, Has: []string{`"status":"degraded"`, `"redis":{"status":"down"`, `"jira":{"status":"up"`}, HasNot: []string{`"sync"`}},
		{Name: "jira-down", Request: deep, Given: down("jira"), Status: 503, Has: []string{`"jira":{"status":"down"`, `"message":"Jira cannot be reached`}},
		{Name: "jira-refuses-us", Request: deep, Given: broken(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 401}), Status: 503, Has: []string{`Jira refuses this server's credentials`}},
		{Name: "clockwork-refuses-us", Request: deep, Given: broken(fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 403}), Status: 503, Has: []string{`Clockwork refuses this server's credentials`}},
		{Name: "clockwork-hangs", Options: short, Request: deep, Given: broken(fault.Fault{Upstream: "clockwork", Kind: fault.Hang}), Status: 503, Has: []string{`Clockwork did not answer in time`}},
		{Name: "no-clockwork-token", Options: apptest.Options{Env: map[string]string{"CLOCKWORK_API_TOKEN": ""}}, Request: deep, Status: 200, Has: []string{`"clockwork":{"status":"not_configured"`}},
		{Name: "synced-some-time-ago", Request: deep, Given: later(11 * time.Minute), Status: 200, Has: []string{`"sync":{"status":"stale"`, `"message":"The last sync was at 2026-0`}},
		{Name: "synced-long-ago-by-nobody", Request: deep, Given: later(25 * time.Hour), Status: 200, Has: []string{`"sync":{"status":"stale"`}},
		{Name: "synced-long-ago-on-a-schedule", Options: scheduled, Request: deep, Given: later(25 * time.Hour), Status: 503, Has: []string{`"status":"degraded"`, `"sync":{"status":"down"`, `"downSince":"2026-0`}},
		{Name: "synced-some-time-ago-on-a-schedule", Options: scheduled, Request: deep, Given: later(23 * time.Hour), Status: 200, Has: []string{`"sync":{"status":"stale"`}},
		{Name: "never-synced", Options: apptest.Options{Unsynced: true}, Request: deep, Status: 200, Has: []string{`"sync":{"status":"stale"`, "No sync is known of"}},
		{Name: "never-synced-on-a-schedule", Options: apptest.Options{Unsynced: true, Env: scheduled.Env}, Request: deep, Status: 503, Has: []string{`"sync":{"status":"down"`, "No sync is known of"}},
		{Name: "server-fails-to-sync", Options: apptest.Options{Env: map[string]string{"SYNC_INTERVAL": "60s"}}, Request: deep, Given: func(_ *testing.T, w *apptest.World, _ *apptest.Request) {
			_ = w.Redis.Miniredis().Set("clockwork:sync:failure", `{"at":"2026-05-04T13:59:00Z","message":"clockwork answered 503."}`)
		}, Status: 200, Has: []string{`"sync":{"status":"up"`, "The sync failed at 2026-05-04T13:59:00Z: clockwork answered 503."}},
		{Name: "session-ends-soon", Request: deep, Given: later(27 * 24 * time.Hour), Status: 200, Has: []string{`"jiraSession":{"status":"ending"`, "2026-06-03"}},
		{Name: "session-ended", Request: deep, Given: later(31 * 24 * time.Hour), Status: 503, Has: []string{`"jiraSession":{"status":"down"`, "renew JIRA_TENANT_SESSION_TOKEN"}},
		{Name: "session-refused", Request: deep, Given: refused("", false), Status: 503, Has: []string{`"status":"degraded"`, `"jiraSession":{"status":"down"`, `"message":"Jira refuses the session: renew JIRA_TENANT_SESSION_TOKEN."`, `"jira":{"status":"up"`}},
		{Name: "session-refused-with-a-page", Request: deep, Given: refused("html", false), Status: 503, Has: []string{`"jiraSession":{"status":"down"`, "Jira refuses the session"}},
		{Name: "session-refused-with-403", Request: deep, Given: refused("forbidden", false), Status: 503, Has: []string{`"jiraSession":{"status":"down"`, "Jira refuses the session"}},
		{Name: "session-refused-by-forge", Options: forge, Request: deep, Given: refused("", true), Status: 503, Has: []string{`"jiraSession":{"status":"down"`, "Jira refuses the session"}},
		{Name: "session-taken-by-forge", Options: forge, Request: deep, Status: 200, Has: []string{`"jiraSession":{"status":"up"`}},
		{Name: "session-taken-and-one-source-gone", Options: either, Request: deep, Given: broken(fault.Fault{Upstream: "forge", Kind: fault.Status, Status: 404}), Status: 200, Has: []string{`"jiraSession":{"status":"up"`}},
		{Name: "session-refused-and-one-source-gone", Options: either, Request: deep, Given: and(broken(fault.Fault{Upstream: "forge", Kind: fault.Status, Status: 404}), refused("", false)), Status: 503, Has: []string{`"jiraSession":{"status":"down"`, "Jira refuses the session"}},
		{Name: "session-not-checked-in-time", Options: short, Request: deep, Given: broken(fault.Fault{Upstream: "connect", Kind: fault.Hang}), Status: 503, Has: []string{`"jiraSession":{"status":"down"`, "Jira did not answer in time"}},
		{Name: "without-auth-mode", Options: undecided, Request: apptest.Request{Target: "/api/health"}, Status: 200, Has: []string{`"version":"` + version.Number + `+0123456"`}},
	}...))
}

// Nobody's check waits for another's: all are at it while none has been answered.
func TestHealthChecksSideBySide(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: map[string]string{"RATE_LIMIT": "off"}, Deadlines: app.Deadlines{Check: time.Minute, Redis: time.Minute}})
	var plans []*fault.Plan
	for _, upstream := range []string{"redis", "jira", "clockwork", "connect"} {
		plans = append(plans, w.Faults().Add(fault.Fault{Upstream: upstream, Kind: fault.Delay, Delay: time.Hour}))
	}
	answered := make(chan apptest.Answer, 1)
	go func() {
		answered <- w.Do(t.Context(), api.HandleHealth, apptest.Request{Target: "/api/health?deep=1"})
	}()
	assert.Eventually(t, func() bool {
		return !slices.ContainsFunc(plans, func(p *fault.Plan) bool { return p.Hits() == 0 })
	}, 30*time.Second, time.Millisecond)
	assert.Empty(t, answered)
	w.Faults().Clear()
	assert.Equal(t, 200, (<-answered).Status)
}
