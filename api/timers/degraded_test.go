package timers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/golden"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// If Jira did not answer the sync, timers have no names and the answer says so;
// the ETag changes both times.
func TestActiveWithoutJira(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	down := w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Status})
	w.Sync(t)
	request := apptest.Request{Target: active + "?accountId=" + w.Person(1).AccountID}
	bare := w.Do(t.Context(), timers.HandleActive, request)
	bare.AssertForm(t)
	require.Equal(t, http.StatusOK, bare.Status)
	golden.JSON(t, "active-without-jira.json", bare.Body)

	request.Header = map[string]string{"If-None-Match": bare.Header.Get("ETag")}
	assert.Equal(t, http.StatusNotModified, w.Do(t.Context(), timers.HandleActive, request).Status)

	down.Clear()
	w.Clock.Advance(time.Minute) // in which the breaker lets one try
	w.Sync(t)
	whole := w.Do(t.Context(), timers.HandleActive, request)
	require.Equal(t, http.StatusOK, whole.Status)
	assert.NotContains(t, string(whole.Body), "degraded")
	assert.Contains(t, string(whole.Body), `"summary":`)
}
