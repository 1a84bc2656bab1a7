package clockwork_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// failure is the error of a start or stop.
func failure(_ time.Time, err error) error { return err }

func TestStartAndStopSend(t *testing.T) {
	var path, body, auth string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		path, body, auth = r.Method+" "+r.URL.Path, string(b), r.Header.Get("Authorization")
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
	})
	tests := []struct {
		name     string
		call     func() error
		wantPath string
		wantBody string
	}{
		{"start", func() error { return failure(c.StartTimer(t.Context(), token, "ABC-7", "")) }, "POST /v1/start_timer", `{"issue_key":"ABC-7"}`},
		{"start-with-comment", func() error { return failure(c.StartTimer(t.Context(), token, "ABC-7", "Über\n\"x\"")) },
			"POST /v1/start_timer", `{"issue_key":"ABC-7","comment":"Über\n\"x\""}`},
		{"stop", func() error { return failure(c.StopTimer(t.Context(), token, "ABC-7")) }, "POST /v1/stop_timer", `{"issue_key":"ABC-7"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, tt.call())
			assert.Equal(t, tt.wantPath, path)
			assert.Equal(t, tt.wantBody, body)
			assert.Equal(t, "Token abc+/=--123", auth)
		})
	}
}

func TestAnySuccessIsDone(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
	}{
		{"messages", 200, `{"messages":[{"title":"Done","body":"Timer stopped","type":"success"}]}`},
		{"created", 201, `{}`},
		{"no-content", 204, ""},
		{"empty", 200, ""},
		{"html", 200, "<html>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, answer(tt.status, tt.body))
			assert.NoError(t, failure(c.StartTimer(t.Context(), token, "ABC-7", "")))
			assert.NoError(t, failure(c.StopTimer(t.Context(), token, "ABC-7")))
		})
	}
}

// When it was done is told by Clockwork's clock, not by ours.
func TestStartAndStopReturnClockworksTime(t *testing.T) {
	done := time.Date(2026, 5, 4, 9, 0, 7, 0, time.UTC)
	for name, tt := range map[string]struct {
		date string
		want time.Time
	}{
		"date":    {"Mon, 04 May 2026 09:00:07 GMT", done},
		"rfc-850": {"Monday, 04-May-26 09:00:07 GMT", done},
		"none":    {"", time.Time{}},
		"odd":     {"yesterday", time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = []string{tt.date} })
			started, err := c.StartTimer(t.Context(), token, "ABC-7", "")
			require.NoError(t, err)
			stopped, err := c.StopTimer(t.Context(), token, "ABC-7")
			require.NoError(t, err)
			c = newClient(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Date"] = []string{tt.date}
				w.WriteHeader(422)
			})
			absent, err := c.StopTimer(t.Context(), token, "ABC-7")
			require.ErrorIs(t, err, clockwork.ErrNotRunning)
			assert.Equal(t, []time.Time{tt.want, tt.want, tt.want}, []time.Time{started, stopped, absent})
		})
	}
}

func TestStopRefusals(t *testing.T) {
	tests := []struct {
		name, body  string
		status      int
		notRunning  bool
		wantCode    string
		wantMessage string
	}{
		{"nothing-runs", `{"error_message":"No running timer","message":"second"}`, 422, true, "", "No running timer"},
		{"nothing-runs-empty-body", "", 422, true, "", ""},
		{"bad-token", `{"message":"Invalid token"}`, 401, false, "", "Invalid token"},
		{"no-right", `{"messages":[{"title":"Refused","body":"You may not"}]}`, 403, false, "", "You may not"},
		{"title-last", `{"messages":[{"title":"Refused"}]}`, 403, false, "", "Refused"},
		{"unknown-issue", `{"code":"ISSUE","error":"Not Found"}`, 404, false, "ISSUE", ""},
		{"bad-request", `{"error":"Bad Request","message":{"not":"text"}}`, 400, false, "Bad Request", ""},
		{"conflict", `{"messages":[]}`, 409, false, "", ""},
		{"rate-limit", `[]`, 429, false, "", ""},
		{"html", "<html><body>Oops</body></html>", 500, false, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				calls++
				w.Header().Set("Retry-After", "2")
				answer(tt.status, tt.body)(w, r)
			})
			err := failure(c.StopTimer(t.Context(), token, "ABC-7"))
			assert.Equal(t, tt.notRunning, errors.Is(err, clockwork.ErrNotRunning))
			var e *upstream.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "timers.stop", e.Op)
			assert.Equal(t, tt.status, e.Status)
			assert.Equal(t, tt.wantCode, e.Code)
			assert.Equal(t, tt.wantMessage, e.Message)
			assert.Equal(t, 1, calls, "a write is sent once")
		})
	}
}

func TestStartWith422IsNotErrNotRunning(t *testing.T) {
	c := newClient(t, answer(422, `{"message":"timers are off for this project"}`))
	err := failure(c.StartTimer(t.Context(), token, "ABC-7", ""))
	require.Error(t, err)
	assert.NotErrorIs(t, err, clockwork.ErrNotRunning)
}
