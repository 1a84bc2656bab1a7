package timers_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
)

// What a start and a stop cost, as Upstash bills it: the rate limit, the
// Idempotency-Key and the cache together. The names are known, as they are when
// the issue was picked from a list.
func TestCostOfStartAndStop(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	act := func(path, key string, handler http.HandlerFunc, body string) (commands, trips int64) {
		var r apptest.Request
		asPerson(5, path, body)(t, w, &r)
		if key != "" {
			r.Header["Idempotency-Key"] = key
		}
		spent := w.Spent(t, func() {
			a := w.Do(t.Context(), handler, r)
			require.Less(t, a.Status, 300, "%s", a.Body)
		})
		t.Logf("%s, key %q: %d commands in %d round trips", path, key, spent.Commands, spent.RoundTrips)
		return spent.Commands, spent.RoundTrips
	}
	const body = `{"issueKey":"BILL-209","accountId":"%s"}`
	act(start, "", timers.HandleStart, body) // looks the names up
	act(stop, "", timers.HandleStop, body)
	for _, key := range []string{"", "5f0c8c1e-8c0e-4a53-9c64-4f2f6f0a9d01"} {
		commands, trips := act(start, key, timers.HandleStart, body)
		assert.LessOrEqual(t, commands, int64(9))
		assert.LessOrEqual(t, trips, int64(3))
		commands, trips = act(stop, key, timers.HandleStop, body)
		assert.LessOrEqual(t, commands, int64(8))
		assert.LessOrEqual(t, trips, int64(3))
	}

	// A switch is a stop and a start with one rate limit, one key and one read.
	const other = `{"issueKey":"BILL-219","accountId":"%s"}`
	act(start, "", timers.HandleStart, other) // looks the names up
	act(stop, "", timers.HandleStop, other)
	act(start, "", timers.HandleStart, body)
	const toOther = `{"issueKey":"BILL-219","accountId":"%s","stopOthers":true}`
	before := w.Sandbox.Requests()
	commands, trips := act(start, "f2b1a4f6-50a5-4c0e-8f0e-5a3c0d1e2f30", timers.HandleStart, toOther)
	assert.LessOrEqual(t, commands, int64(15))
	assert.LessOrEqual(t, trips, int64(5))
	after := w.Sandbox.Requests()
	for _, call := range []string{"clockwork.stop_timer", "clockwork.start_timer"} {
		assert.EqualValues(t, 1, after[call]-before[call], call)
	}
}
