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
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const syncPath = "/api/timers/sync"

// sent asserts that one event went to Inngest, for a person.
func sent(n int) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, w *apptest.World, a apptest.Answer) {
		t.Helper()
		assert.Contains(t, string(a.Body), `"syncRequested":true`)
		require.Len(t, w.Events.Sent(), 1)
		var event struct {
			ID   string         `json:"id"`
			Name string         `json:"name"`
			Data map[string]any `json:"data"`
		}
		require.NoError(t, json.Unmarshal([]byte(w.Events.Sent()[0]), &event))
		assert.NotEmpty(t, event.ID, "so that a repeated event counts once")
		assert.Equal(t, "clockwork/timers.sync.requested", event.Name)
		want := map[string]any{}
		if n >= 0 {
			want["accountId"] = w.Person(n).AccountID
		}
		assert.Equal(t, want, event.Data, "no token and no more of a person than asked for")
	}
}

func TestSync(t *testing.T) {
	inngest := apptest.Options{Inngest: true}
	everybody := apptest.Request{Target: syncPath, Body: `{}`}
	apptest.Run(t, timers.HandleIndex, append(apptest.BadBodies(syncPath), []apptest.Scenario{
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

// A sync that is requested again before it has begun is one sync; one that is
// requested while another reads Clockwork's list comes after that, for it may
// have missed what was changed.
func TestSyncIsRequestedOnce(t *testing.T) {
	for name, tcp := range map[string]bool{"rest": false, "tcp": true} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{Inngest: true, OverTCP: tcp, Env: map[string]string{"RATE_LIMIT": "off"}})
			request := func() { // answers the same whatever it comes to
				t.Helper()
				a := w.Do(t.Context(), timers.HandleIndex, apptest.Request{Target: syncPath, Body: `{}`})
				require.Equal(t, 202, a.Status)
				assert.JSONEq(t, `{"syncRequested":true}`, string(a.Body))
			}
			spent := w.Spent(t, func() {
				for range 20 {
					request()
				}
			})
			assert.Len(t, w.Events.Sent(), 1)
			assert.EqualValues(t, 20, spent.Commands, "one each")

			reading := w.Faults().Add(fault.Fault{Upstream: "report", Kind: fault.Delay, Delay: time.Second, Count: 1})
			synced := make(chan struct{})
			go func() { defer close(synced); w.Sync(t) }()
			require.Eventually(t, func() bool { return reading.Hits() > 0 }, time.Minute, time.Millisecond)
			request()
			assert.Len(t, w.Events.Sent(), 2, "what changed while the list is read needs another sync")
			request()
			assert.Len(t, w.Events.Sent(), 2)
			<-synced
			request()
			assert.Len(t, w.Events.Sent(), 2, "which has not begun")
			w.Sync(t)
			request()
			assert.Len(t, w.Events.Sent(), 3)
			w.Redis.Miniredis().FastForward(5 * time.Second)
			request()
			assert.Len(t, w.Events.Sent(), 4, "a sync that does not begin is requested again")
		})
	}
}

// A request that fails does not count.
func TestSyncIsRequestedAgainAfterAFailure(t *testing.T) {
	w := apptest.New(t, apptest.Options{Inngest: true})
	w.Faults().Add(fault.Fault{Upstream: "inngest", Kind: fault.Status, Status: 500})
	ask := apptest.Request{Target: syncPath, Body: `{}`}
	for range 2 {
		require.Equal(t, 502, w.Do(t.Context(), timers.HandleIndex, ask).Status)
	}
	w.Faults().Clear()
	require.Equal(t, 202, w.Do(t.Context(), timers.HandleIndex, ask).Status)
	assert.Len(t, w.Events.Sent(), 1)
}

// Without Redis every request sends an event.
func TestSyncIsRequestedWithoutRedis(t *testing.T) {
	w := apptest.New(t, apptest.Options{Inngest: true})
	w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status, Status: 500})
	for n := range 3 {
		require.Equal(t, 202, w.Do(t.Context(), timers.HandleIndex, apptest.Request{Target: syncPath, Body: `{}`}).Status)
		assert.Len(t, w.Events.Sent(), n+1)
	}
}
