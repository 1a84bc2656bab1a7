package inngest_test

import (
	"testing"

	"github.com/clockwork-timer/backend/api/inngest"
	"github.com/clockwork-timer/backend/pkg/apptest"
)

// What the function does and how Inngest drives it is tested in package
// inngest and with the real dev server; this is the route's own part.
func TestInngest(t *testing.T) {
	dev := apptest.Options{Inngest: true}
	signed := apptest.Options{Env: map[string]string{"INNGEST_SIGNING_KEY": "signkey-test-0123456789abcdef", "INNGEST_EVENT_KEY": "event-key-0123"}}
	undecided := apptest.Options{Env: map[string]string{"AUTH_MODE": "", "VERCEL_ENV": "production", "INNGEST_EVENT_KEY": "event-key-0123", "INNGEST_SIGNING_KEY": "signkey-prod-0123456789abcdef"}}
	const path = "/api/inngest"
	run := apptest.Request{Method: "POST", Target: path + "?fnId=clockwork-timers-sync-active-timers&stepId=step", Body: `{"ctx":{"run_id":"r"},"event":{"name":"clockwork/timers.sync.requested","data":{}},"events":[],"steps":{}}`}
	scenarios := []apptest.Scenario{
		{Name: "undecided-get", Options: undecided, Request: apptest.Request{Target: path}, Status: 503, Code: "AUTH_NOT_CONFIGURED"},
		{Name: "undecided-run", Options: undecided, Request: run, Status: 503, Code: "AUTH_NOT_CONFIGURED"},
		{Name: "method-delete", Options: dev, Request: apptest.Request{Method: "DELETE", Target: path}, Status: 405, Code: "METHOD_NOT_ALLOWED", Header: map[string]string{"Allow": "GET, POST, PUT"}},
		{Name: "method-patch", Options: dev, Request: apptest.Request{Method: "PATCH", Target: path}, Status: 405, Code: "METHOD_NOT_ALLOWED"},
	}
	apptest.Run(t, inngest.HandleInngest, scenarios)
	for name, c := range map[string]struct {
		options apptest.Options
		request apptest.Request
		status  int
	}{
		"introspection":   {dev, apptest.Request{Target: path}, 200},
		"unsigned-run":    {signed, run, 401},
		"wrong-signature": {signed, apptest.Request{Method: "POST", Target: run.Target, Body: run.Body, Header: map[string]string{"X-Inngest-Signature": "t=1777903200&s=00"}}, 401},
		"unsigned-sync":   {signed, apptest.Request{Method: "PUT", Target: path}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t, c.options)
			a := w.Do(t.Context(), inngest.HandleInngest, c.request)
			if a.Status != c.status {
				t.Errorf("got status %d, want %d: %s", a.Status, c.status, a.Body)
			}
			for _, name := range []string{"X-Request-Id", "Server-Timing"} {
				if a.Header.Get(name) == "" {
					t.Errorf("no %s", name)
				}
			}
			w.AssertNoSecrets(t, string(a.Body))
		})
	}
}
