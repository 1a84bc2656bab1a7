package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/sandbox"
)

func TestStartAndStopStatuses(t *testing.T) {
	const asJSON, asForm = "application/json", "application/x-www-form-urlencoded"
	for _, test := range []struct {
		name, path, query, contentType, body, authorization string
		wantStatus                                          int
		wantRunning                                         int // timers of Linh Tran, who starts with one
	}{
		{name: "start-by-json", path: "/start_timer", contentType: asJSON, body: `{"issue_key":"MOB-90"}`, wantStatus: 200, wantRunning: 2},
		{name: "start-by-form", path: "/start_timer", contentType: asForm, body: "issue_key=MOB-90", wantStatus: 200, wantRunning: 2},
		{name: "start-by-query", path: "/start_timer", query: "?issue_key=MOB-90", wantStatus: 200, wantRunning: 2},
		{name: "start-unknown-issue", path: "/start_timer", contentType: asJSON, body: `{"issue_key":"MOB-9999"}`, wantStatus: 404, wantRunning: 1},
		{name: "start-twice-on-one-issue", path: "/start_timer", contentType: asJSON, body: `{"issue_key":"PORTAL-312"}`, wantStatus: 422, wantRunning: 1},
		{name: "start-without-key", path: "/start_timer", contentType: asJSON, body: `{}`, wantStatus: 400, wantRunning: 1},
		{name: "start-broken-json", path: "/start_timer", contentType: asJSON, body: `{"issue_key":`, wantStatus: 400, wantRunning: 1},
		{name: "stop", path: "/stop_timer", contentType: asJSON, body: `{"issue_key":"PORTAL-312"}`, wantStatus: 200, wantRunning: 0},
		{name: "stop-if-none-runs", path: "/stop_timer", contentType: asJSON, body: `{"issue_key":"MOB-90"}`, wantStatus: 422, wantRunning: 1},
		{name: "stop-unknown-issue", path: "/stop_timer", contentType: asJSON, body: `{"issue_key":"NOPE-1"}`, wantStatus: 404, wantRunning: 1},
		{name: "wrong-token", path: "/stop_timer", query: "?issue_key=PORTAL-312", authorization: "Token wrong", wantStatus: 401, wantRunning: 1},
		{name: "empty-token", path: "/stop_timer", query: "?issue_key=PORTAL-312", authorization: "Token ", wantStatus: 401, wantRunning: 1},
		{name: "token-as-bearer", path: "/stop_timer", query: "?issue_key=PORTAL-312", authorization: "bearer", wantStatus: 401, wantRunning: 1},
		{name: "unknown-path", path: "/timers", wantStatus: 404, wantRunning: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, sandbox.Options{})
			linh := f.person(t, "Linh Tran").AccountID
			authorization := test.authorization
			switch authorization {
			case "":
				authorization = f.tokenHeader(linh)[1]
			case "bearer":
				authorization = "Bearer " + f.ClockworkToken(linh).Reveal()
			}

			got := do(t, http.MethodPost, f.ClockworkURL+test.path+test.query, test.body, "Authorization", authorization, "Content-Type", test.contentType)

			assert.Equal(t, test.wantStatus, got.status, got.text)
			assert.Equal(t, test.wantRunning, f.runningOf(linh))
			if got.status == http.StatusOK {
				assert.NotEmpty(t, got.at("messages", 0, "body"))
				assert.Equal(t, "success", got.at("messages", 0, "type"))
			} else {
				assert.NotEmpty(t, got.at("error_message"))
			}
		})
	}
}

func (f *fixture) runningOf(accountID string) (n int) {
	for _, timer := range f.RunningTimers() {
		if timer.RunningFor == accountID {
			n++
		}
	}
	return n
}

func TestStopLogsTheTime(t *testing.T) {
	f := start(t, sandbox.Options{})
	duc := f.person(t, "Duc Pham").AccountID
	before := len(f.Worklogs())
	header := append(f.tokenHeader(duc), "Content-Type", "application/x-www-form-urlencoded")
	form := url.Values{"issue_key": {"mob-83"}, "comment": {"Measure with the profiler"}}.Encode()
	require.Equal(t, http.StatusOK, do(t, http.MethodPost, f.ClockworkURL+"/start_timer", form, header...).status)

	f.clock.Advance(25 * time.Minute)
	require.Equal(t, http.StatusOK, do(t, http.MethodPost, f.ClockworkURL+"/stop_timer", form, header...).status)

	logs := f.Worklogs()
	require.Len(t, logs, before+1)
	got := logs[before]
	assert.Equal(t, int64(25*60), got.TimeSpentSeconds)
	assert.Equal(t, "MOB-83", got.IssueKey)
	assert.Equal(t, "Measure with the profiler", *got.Comment)
	assert.Equal(t, testNow, got.Started)
}

func TestStartStopsOlderTimersIfOnlyOneIsAllowed(t *testing.T) {
	f := start(t, sandbox.Options{})
	f.Switch(func(s *sandbox.Switches) { s.MultipleTimers = false })
	tomasz := f.person(t, "Tomasz Kowalski").AccountID
	others := len(f.RunningTimers()) - 2

	got := do(t, http.MethodPost, f.ClockworkURL+"/start_timer?issue_key=OPS-58", "", f.tokenHeader(tomasz)...)

	assert.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, 1, f.runningOf(tomasz))
	assert.Len(t, f.RunningTimers(), others+1)
}

func TestEmptyWriteBody(t *testing.T) {
	f := start(t, sandbox.Options{})
	f.Switch(func(s *sandbox.Switches) { s.EmptyWriteBody = true })

	got := do(t, http.MethodPost, f.ClockworkURL+"/start_timer?issue_key=OPS-58", "", f.tokenHeader(f.creds.AccountID)...)

	assert.Equal(t, http.StatusOK, got.status)
	assert.Empty(t, got.text)
}

func TestEditTimer(t *testing.T) {
	clock := manualclock.New(testNow)
	s := sandbox.New(sandbox.Options{Clock: clock.Now})
	person := s.People()[0].AccountID
	begun, err := s.StartTimer(person, "OPS-58", "")
	require.NoError(t, err)
	clock.Advance(10 * time.Minute)

	held, err := s.EditTimer(begun.ID, sandbox.TimerEdit{OnHold: ptr(true), Comment: ptr("later"), WorklogCount: ptr(4)})
	require.NoError(t, err)
	clock.Advance(time.Hour)
	stillHeld := s.RunningTimers()[len(s.RunningTimers())-1]
	_, err = s.EditTimer(begun.ID, sandbox.TimerEdit{OnHold: ptr(false)})
	require.NoError(t, err)
	clock.Advance(5 * time.Minute)
	earlier, err := s.EditTimer(begun.ID, sandbox.TimerEdit{StartedAt: ptr(testNow.Add(-time.Minute))})
	require.NoError(t, err)
	_, unknown := s.EditTimer(1, sandbox.TimerEdit{})

	assert.Equal(t, []any{int64(600), false, "later", 4}, []any{held.TillNow, held.WithinWorkingHours, *held.Comment, held.WorklogCount})
	assert.Equal(t, int64(600), stillHeld.TillNow)
	assert.Equal(t, int64(960), earlier.TillNow)
	assert.Equal(t, testNow.Add(-time.Minute), earlier.StartedAt)
	assert.ErrorIs(t, unknown, sandbox.ErrNotRunning)
}

func ptr[T any](v T) *T { return &v }
