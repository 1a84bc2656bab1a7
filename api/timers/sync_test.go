package timers_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/sandbox/fault"
)

const syncPath = "/api/timers/sync"

// sent asserts that one event went to Inngest, for a person.
func sent(n int) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, w *apptest.World, a apptest.Answer) {
		t.Helper()
		assert.Contains(t, string(a.Body), `"syncRequested":true`)
		require.Len(t, w.Events.Sent(), 1)
		var events []struct {
			Name string         `json:"name"`
			Data map[string]any `json:"data"`
		}
		require.NoError(t, json.Unmarshal([]byte(w.Events.Sent()[0]), &events))
		require.Len(t, events, 1)
		assert.Equal(t, "clockwork/timers.sync.requested", events[0].Name)
		want := map[string]any{}
		if n >= 0 {
			want["accountId"] = w.Person(n).AccountID
		}
		assert.Equal(t, want, events[0].Data, "no token and no more of a person than asked for")
	}
}

func TestSync(t *testing.T) {
	inngest := apptest.Options{Inngest: true}
	everybody := apptest.Request{Target: syncPath, Body: `{}`}
	apptest.Run(t, timers.HandleSync, append(apptest.BadBodies(syncPath), []apptest.Scenario{
		{Name: "for-everybody", Options: inngest, Request: everybody, Status: 202, Golden: true, Then: sent(-1)},
		{Name: "for-one", Options: inngest, Given: asPerson(1, syncPath, `{"accountId":"%s"}`), Status: 202, Then: sent(1)},
		{Name: "unknown-member", Options: inngest, Request: apptest.Request{Target: syncPath, Body: `{"jiraDomain":"evil.example"}`}, Status: 202, Then: sent(-1)},
		{Name: "fails-once", Options: inngest, Request: everybody, Given: broken(fault.Fault{Upstream: "inngest", Kind: fault.Reset, Count: 1}), Status: 202, Then: sent(-1)},
		{Name: "not-configured", Request: everybody, Status: 502, Code: "INNGEST_UNAVAILABLE", Golden: true},
		{Name: "refuses-connections", Options: inngest, Request: everybody, Given: refused("inngest"), Status: 502, Code: "INNGEST_UNAVAILABLE"},
		{Name: "hangs", Options: apptest.Options{Inngest: true, Deadlines: app.Deadlines{SendEvent: 300 * time.Millisecond}}, Request: everybody, Given: broken(fault.Fault{Upstream: "inngest", Kind: fault.Hang}), Status: 502, Code: "INNGEST_UNAVAILABLE"},
		{Name: "answers-500", Options: inngest, Request: everybody, Given: broken(fault.Fault{Upstream: "inngest", Kind: fault.Status}), Status: 502, Code: "INNGEST_UNAVAILABLE"},
		{Name: "answers-401", Options: inngest, Request: everybody, Given: broken(fault.Fault{Upstream: "inngest", Kind: fault.Status, Status: 401}), Status: 502, Code: "INNGEST_UNAVAILABLE"},
		{Name: "answers-html", Options: inngest, Request: everybody, Given: broken(fault.Fault{Upstream: "inngest", Kind: fault.HTML}), Status: 502, Code: "INNGEST_UNAVAILABLE"},
	}...))
}
