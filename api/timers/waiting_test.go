package timers_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
)

// However many requests wait, Redis has one connection for them; and more than
// the limit do not wait.
func TestManyWait(t *testing.T) {
	const limit = 1000
	w := apptest.New(t, apptest.Options{OverTCP: true, Env: map[string]string{"RATE_LIMIT": "off"}})
	target := active + "?accountId=" + w.Person(1).AccountID
	tag := w.Do(t.Context(), timers.HandleActive, apptest.Request{Target: target}).Header.Get("ETag")
	poll := apptest.Request{Target: target + "&wait=25", Header: map[string]string{"If-None-Match": tag}}
	answers := make(chan apptest.Answer, limit+50)
	var all sync.WaitGroup
	for range limit + 50 {
		all.Go(func() { answers <- w.Do(t.Context(), timers.HandleActive, poll) })
	}
	for range 50 {
		a := <-answers
		assert.Equal(t, http.StatusServiceUnavailable, a.Status)
		assert.Equal(t, "TOO_MANY_WAITING", a.Failure().Error)
		assert.Equal(t, "5", a.Header.Get("Retry-After"))
		a.AssertForm(t)
	}
	require.Eventually(t, func() bool { return w.Redis.Miniredis().PubSubNumPat() == 1 }, time.Minute, time.Millisecond)
	change(t, w, 1, "PORTAL-312")
	all.Wait()
	close(answers)
	for a := range answers {
		assert.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
	}
}
