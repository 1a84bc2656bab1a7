package realtime

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var testNow = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

func FuzzParseAction(f *testing.F) {
	f.Add([]byte(`{"action":"timer_start","id":"a","user_id":"ann","started_at":"2026-05-04T09:00:00Z"}`))
	f.Add([]byte(`{"action":"timer_stop","id":"a","user_id":"ann","started_at":"2026-05-04T09:00:00.5+02:00","issue_key":"abc-1","comment":"x\ny"}`))
	f.Add([]byte(`{"ID":"a","id":"b","action":"timer_start"}`))
	f.Add([]byte(`[{"a":[[[[]]]]}]`))
	f.Add([]byte("{\"id\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		act, bad := parseAction(text, testNow)
		if bad != nil {
			assert.NotEmpty(t, bad.Code)
			assert.NotEmpty(t, bad.Message)
			assert.True(t, json.Valid(bad.encode()))
			return
		}
		assert.Contains(t, []Status{Running, Stopped}, act.Status)
		assert.NotEmpty(t, act.ID)
		assert.LessOrEqual(t, utf8.RuneCountInString(act.ID), maxID)
		assert.NotEmpty(t, act.UserID)
		assert.False(t, act.StartedAt.Before(earliest))
		e := NewEvent(Timer{ID: act.ID, UserID: act.UserID, Status: act.Status, StartedAt: act.StartedAt, UpdatedAt: testNow, Seq: 1,
			IssueKey: act.IssueKey, Comment: act.Comment, Source: SourceClient})
		back, err := DecodeEvent(e.JSON)
		require.NoError(t, err)
		assert.Equal(t, e.Timer.ID, back.Timer.ID)
		assert.Equal(t, e.Timer.Comment, back.Timer.Comment)
		assert.True(t, e.Timer.StartedAt.Equal(back.Timer.StartedAt))
	})
}

func TestEncodeTimerIsEncodingJSON(t *testing.T) {
	full := Timer{ID: "a", UserID: "ann", Status: Running, StartedAt: testNow.Add(123456789), UpdatedAt: testNow, Seq: 9,
		IssueKey: "ABC-1", Summary: "plain", Comment: "c", OnHold: true, Source: SourceClockwork}
	for name, spoil := range map[string]func(*Timer){
		"full":      func(*Timer) {},
		"least":     func(t *Timer) { t.IssueKey, t.Summary, t.Comment, t.OnHold = "", "", "", false },
		"quotes":    func(t *Timer) { t.Comment = "say \"hi\" \\ </script> & \u2028" },
		"control":   func(t *Timer) { t.Comment = "a\nb\tc\x01" },
		"unicode":   func(t *Timer) { t.ID = "ünï ✓ \U0001F600" },
		"not-utf-8": func(t *Timer) { t.Summary = "\xff" },
	} {
		t.Run(name, func(t *testing.T) {
			timer := full
			spoil(&timer)
			want, err := json.Marshal(timer)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(encodeTimer(&timer)))
			assert.True(t, json.Valid(newUpdate(1, encodeTimer(&timer)).message()))
		})
	}
	elsewhere := full
	elsewhere.StartedAt = full.StartedAt.In(time.FixedZone("", 7200))
	assert.Equal(t, string(encodeTimer(&full)), string(encodeTimer(&elsewhere)), "times are told in UTC")
	assert.True(t, json.Valid(stateOf([]Timer{full, full}, 9)))
	assert.True(t, json.Valid(stateOf(nil, 0)))
}

// stateOf is the message on connect.
func stateOf(timers []Timer, seq int64) []byte {
	i := newState(seq, Freshness{}, testNow, encodeTimers(timers))
	return append(i.message(), i.rest...)
}

func annsTimer(id string, seq int64) Timer {
	return Timer{ID: id, UserID: "ann", Status: Running, StartedAt: testNow, UpdatedAt: testNow, Seq: seq, Source: SourceClient}
}

func FuzzParseAnnouncement(f *testing.F) {
	f.Add(announceEvents(2, []Event{NewEvent(annsTimer("a", 1)), NewEvent(annsTimer("b", 2))}))
	f.Add(`{"last":2,"timers":[{"id":"a","user_id":"ann","status":"running","seq":1,"started_at":"9999-12-31T23:59:59-01:00","updated_at":"2026-05-04T09:00:00Z"}]}`)
	f.Add(announceNotice((&refusal{Code: "X", Message: "y"}).encode()))
	f.Add(`{"last":,`)
	f.Fuzz(func(t *testing.T, text string) {
		_, events, _ := parseAnnouncement("ann", text) // what could be read
		var last int64
		for i := range events {
			assert.Equal(t, "ann", events[i].Timer.UserID)
			last = events[i].Timer.Seq
			events[i] = NewEvent(events[i].Timer)
		}
		again := announceEvents(last, events)
		_, back, err := parseAnnouncement("ann", again)
		require.NoError(t, err)
		require.Len(t, back, len(events))
		assert.Equal(t, last, lastAnnounced(again))
	})
}

func TestAnnouncement(t *testing.T) {
	text := announceEvents(2, []Event{NewEvent(annsTimer("a", 1)), NewEvent(annsTimer("b", 2))})
	_, events, err := parseAnnouncement("ann", text)
	require.NoError(t, err)
	require.Len(t, events, 2)
	assert.Equal(t, "b", events[1].Timer.ID)
	assert.Equal(t, int64(2), lastAnnounced(text))
	notice := (&refusal{Code: "X", Message: "y"}).encode()
	a, events, err := parseAnnouncement("ann", announceNotice(notice))
	require.NoError(t, err)
	assert.Empty(t, events)
	assert.JSONEq(t, string(notice), string(a.Notice))
	assert.Zero(t, lastAnnounced(announceNotice(notice)))
}

// One timer that cannot be read does not take the others of its announcement along.
func TestAnnouncementInPart(t *testing.T) {
	good, bad := annsTimer("good", 2), annsTimer("bad", 1)
	for name, spoil := range map[string]func(*Timer){
		"year-10000":     func(t *Timer) { t.StartedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"without-status": func(t *Timer) { t.Status = "" },
		"without-id":     func(t *Timer) { t.ID = "" },
		"another-user":   func(t *Timer) { t.UserID = "bob" },
	} {
		t.Run(name, func(t *testing.T) {
			spoiled := bad
			spoil(&spoiled)
			_, events, err := parseAnnouncement("ann", announceEvents(2, []Event{NewEvent(spoiled), NewEvent(good)}))
			require.Error(t, err)
			require.Len(t, events, 1)
			assert.Equal(t, "good", events[0].Timer.ID)
		})
	}
}

// FuzzParseEvent: what comes from the channel is refused, or can be read again
// from any store.
func FuzzParseEvent(f *testing.F) {
	f.Add(`{"event":"timer_updated","payload":{"id":"cw:ann:ABC-1","user_id":"ann","status":"running","issue_key":"ABC-1","started_at":"2026-05-04T09:00:00Z","updated_at":"2026-05-04T09:00:00Z"}}`)
	f.Add(`{"event":"timer_updated","payload":{"id":"cw:ann:","user_id":"ann","status":"stopped","started_at":"9999-12-31T23:59:59-01:00","updated_at":"2026-05-04T09:00:00Z"}}`)
	f.Add(`{"event":"timer_updated","payload":null}`)
	f.Fuzz(func(t *testing.T, payload string) {
		timer, err := parseEvent(payload)
		if err != nil {
			assert.Zero(t, timer)
			return
		}
		timer.Seq = 1
		back, err := DecodeEvent(NewEvent(timer).JSON)
		require.NoError(t, err)
		assert.True(t, timer.same(&back.Timer))
		assert.Equal(t, SourceClockwork, back.Timer.Source)
	})
}
