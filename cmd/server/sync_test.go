package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// send posts a body as person 1 and returns the answer.
func (s *running) send(path, body string) (status int, answer string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.base+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Clockwork-Token", s.Token(1))
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response.StatusCode, string(text)
}

// active returns everybody's timers as JSON.
func (s *running) active() string {
	s.t.Helper()
	response, err := http.Get(s.base + "/api/timers/active")
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return string(text)
}

func (s *running) eventually(what string, holds func() bool) {
	s.t.Helper()
	require.Eventually(s.t, holds, time.Minute, 10*time.Millisecond, what)
}

func (s *running) syncs() int { return strings.Count(s.log.String(), `msg="sync done"`) }

// Without Inngest the server syncs by itself: when it starts, and after each start,
// each stop and each request for a sync.
func TestSyncsWithoutInngest(t *testing.T) {
	s := startServer(t, map[string]string{"AUTH_MODE": "open", "JWT_SECRET": ""})
	s.eventually("a sync at the start", func() bool { return s.syncs() == 1 })
	running := s.Sandbox.RunningTimers()
	assert.Contains(t, s.active(), running[0].Issue.Key)

	var issue string // on which nobody runs anything
	for _, i := range s.Sandbox.Issues() {
		if !strings.Contains(s.active(), `"`+i.Key+`"`) {
			issue = i.Key
		}
	}
	account := `"accountId":"` + s.Person(1).AccountID + `"`
	for n, step := range []struct{ path, body, answer string }{
		{"/api/timers/start", `{"issueKey":"` + issue + `",` + account + `}`, `"syncRequested":true`},
		{"/api/timers/stop", `{"issueKey":"` + issue + `",` + account + `}`, `"syncRequested":true`},
		{"/api/timers/sync", `{}`, `{"syncRequested":true}`},
	} {
		status, answer := s.send(step.path, step.body)
		assert.Less(t, status, 300, answer)
		assert.Contains(t, answer, step.answer)
		s.eventually(step.path, func() bool { return s.syncs() > n+1 })
		assert.Equal(t, step.path == "/api/timers/start", strings.Contains(s.active(), `"`+issue+`"`), step.path)
	}
	_, err := s.Sandbox.StartTimer(s.Person(2).AccountID, issue, "in Clockwork itself")
	require.NoError(t, err)
	status, _ := s.send("/api/timers/sync", `{}`)
	assert.Equal(t, http.StatusAccepted, status)
	s.eventually("what was started in Clockwork", func() bool { return strings.Contains(s.active(), `"`+issue+`"`) })
}

// If nothing would run the sync, a request for one is refused.
func TestSyncRequestIfNothingSyncs(t *testing.T) {
	s := startServer(t, map[string]string{"AUTH_MODE": "open", "JWT_SECRET": "", "SYNC_INTERVAL": "off"})
	status, answer := s.send("/api/timers/sync", `{}`)
	assert.Equal(t, http.StatusBadGateway, status, answer)
	s.stop()
	assert.Zero(t, s.syncs())
}
