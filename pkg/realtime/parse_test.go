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
	assert.True(t, json.Valid(encodeState([]Timer{full, full}, 9, Freshness{}, testNow)))
	assert.True(t, json.Valid(encodeState(nil, 0, Freshness{}, testNow)))
}

func FuzzParseAnnouncement(f *testing.F) {
	f.Add(announceEvents(2, []Event{NewEvent(Timer{ID: "a", Seq: 1}), NewEvent(Timer{ID: "b", Seq: 2})}))
	f.Add(announceNotice((&refusal{Code: "X", Message: "y"}).encode()))
	f.Add(`{"last":,`)
	f.Fuzz(func(t *testing.T, text string) {
		_, events, err := parseAnnouncement(text)
		if err != nil {
			assert.Nil(t, events)
			return
		}
		var last int64
		for i := range events {
			if !writable(events[i].Timer.StartedAt) || !writable(events[i].Timer.UpdatedAt) {
				return
			}
			last = events[i].Timer.Seq
			events[i] = NewEvent(events[i].Timer)
		}
		again := announceEvents(last, events)
		_, back, err := parseAnnouncement(again)
		require.NoError(t, err)
		require.Len(t, back, len(events))
		assert.Equal(t, last, lastAnnounced(again))
	})
}

// writable: RFC 3339 has the years 0 to 9999, which another zone's can leave.
func writable(t time.Time) bool { return t.UTC().Year() >= 0 && t.UTC().Year() <= 9999 }

func TestAnnouncement(t *testing.T) {
	text := announceEvents(2, []Event{NewEvent(Timer{ID: "a", Seq: 1}), NewEvent(Timer{ID: "b", Seq: 2})})
	_, events, err := parseAnnouncement(text)
	require.NoError(t, err)
	require.Len(t, events, 2)
	assert.Equal(t, "b", events[1].Timer.ID)
	assert.Equal(t, int64(2), lastAnnounced(text))
	notice := (&refusal{Code: "X", Message: "y"}).encode()
	a, events, err := parseAnnouncement(announceNotice(notice))
	require.NoError(t, err)
	assert.Empty(t, events)
	assert.JSONEq(t, string(notice), string(a.Notice))
	assert.Zero(t, lastAnnounced(announceNotice(notice)))
}
