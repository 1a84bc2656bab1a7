package timers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/api"
	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
)

// ownInngest is one of the operator's own: it accepts any event.
type ownInngest struct {
	functions atomic.Value // what it answers when asked for them
	status    atomic.Int64
	asked     atomic.Int64
	events    atomic.Int64
}

func (i *ownInngest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/e/"):
		i.events.Add(1)
		_, _ = w.Write([]byte(`{"ids":["01M8MBY7JMV6CM6CNE0HS1N9S9"],"status":200}`))
	case strings.HasPrefix(r.URL.Path, "/v1/apps/"):
		i.asked.Add(1)
		w.WriteHeader(int(i.status.Load()))
		_, _ = w.Write([]byte(i.functions.Load().(string)))
	default:
		_, _ = w.Write([]byte(`{"data":[]}`))
	}
}

func withOwnInngest(t *testing.T, functions string) (*ownInngest, *apptest.World) {
	t.Helper()
	i := &ownInngest{}
	i.functions.Store(functions)
	i.status.Store(http.StatusOK)
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	return i, apptest.New(t, apptest.Options{Env: map[string]string{
		"INNGEST_BASE_URL": server.URL, "INNGEST_EVENT_KEY": "event-key-0123", "INNGEST_SIGNING_KEY": "00112233445566778899aabbccddeeff",
	}})
}

const registered = `[{"id":"clockwork-timers-sync-active-timers"}]`

// Whatever Inngest accepts, a sync that nothing runs is not called requested.
func TestSyncThatNothingRuns(t *testing.T) {
	inngest, w := withOwnInngest(t, "[]")
	ask := func() apptest.Answer {
		return w.Do(t.Context(), timers.HandleIndex, apptest.Request{Target: syncPath, Body: `{}`})
	}
	health := func() string {
		w.Clock.Advance(time.Minute)
		return string(w.Do(t.Context(), api.HandleHealth, apptest.Request{Target: "/api/health?deep=1"}).Body)
	}
	a := ask()
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, string(a.Body), "does not know the sync function")
	a.AssertForm(t)
	started := apptest.Request{Target: start, Body: `{"issueKey":"BILL-209"}`, Header: map[string]string{"X-Clockwork-Token": w.Token(5)}}
	assert.Contains(t, string(w.Do(t.Context(), timers.HandleStart, started).Body), `"syncRequested":false`)
	assert.Contains(t, health(), `"inngest":{"status":"down"`)

	inngest.status.Store(http.StatusUnauthorized) // it has another key, so that its calls would be refused
	assert.Equal(t, http.StatusBadGateway, ask().Status)
	assert.Zero(t, inngest.events.Load())

	inngest.status.Store(http.StatusOK)
	inngest.functions.Store(registered)
	assert.Equal(t, http.StatusAccepted, ask().Status)
	before := inngest.asked.Load()
	assert.Equal(t, http.StatusAccepted, ask().Status)
	assert.Equal(t, before, inngest.asked.Load(), "it is not asked each time")
	assert.EqualValues(t, 1, inngest.events.Load(), "the second asks for the sync that was requested already")
	assert.Contains(t, health(), `"inngest":{"status":"up"`)
	assert.Contains(t, health(), "The sync function is registered. No event has run it yet.")

	inngest.functions.Store("[]")
	assert.Equal(t, http.StatusBadGateway, ask().Status, "after a minute it is")
}

// If Inngest does not say what is registered, nothing is assumed.
func TestSyncIfInngestDoesNotSay(t *testing.T) {
	for name, answer := range map[string]int{"no-such-call": http.StatusNotFound, "broken": http.StatusInternalServerError} {
		t.Run(name, func(t *testing.T) {
			inngest, w := withOwnInngest(t, "")
			inngest.status.Store(int64(answer))
			a := w.Do(t.Context(), timers.HandleIndex, apptest.Request{Target: syncPath, Body: `{}`})
			assert.Equal(t, http.StatusAccepted, a.Status)
		})
	}
}

// Without its signing key, Inngest's calls are refused, and nothing runs.
func TestSyncWithoutASigningKey(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: map[string]string{"INNGEST_EVENT_KEY": "event-key-0123"}})
	a := w.Do(t.Context(), timers.HandleIndex, apptest.Request{Target: syncPath, Body: `{}`})
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, w.Log.String(), "INNGEST_SIGNING_KEY is not set")
}
