package fanout

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

func annsTimer(id string, seq int64) realtime.Timer {
	return realtime.Timer{ID: id, UserID: "ann", Status: realtime.Running, StartedAt: testNow, UpdatedAt: testNow, Seq: seq, Source: realtime.SourceClient}
}

func FuzzParseAnnouncement(f *testing.F) {
	f.Add(AnnounceEvents(2, []realtime.Event{realtime.NewEvent(annsTimer("a", 1)), realtime.NewEvent(annsTimer("b", 2))}))
	f.Add(`{"last":2,"timers":[{"id":"a","user_id":"ann","status":"running","seq":1,"started_at":"9999-12-31T23:59:59-01:00","updated_at":"2026-05-04T09:00:00Z"}]}`)
	f.Add(announceNotice((&realtime.Refusal{Code: "X", Message: "y"}).Encode()))
	f.Add(`{"last":,`)
	f.Fuzz(func(t *testing.T, text string) {
		_, events, _ := parseAnnouncement("ann", text) // what could be read
		var last int64
		for i := range events {
			assert.Equal(t, "ann", events[i].Timer.UserID)
			last = events[i].Timer.Seq
			events[i] = realtime.NewEvent(events[i].Timer)
		}
		again := AnnounceEvents(last, events)
		_, back, err := parseAnnouncement("ann", again)
		require.NoError(t, err)
		require.Len(t, back, len(events))
		assert.Equal(t, last, lastAnnounced(again))
	})
}

func TestAnnouncement(t *testing.T) {
	text := AnnounceEvents(2, []realtime.Event{realtime.NewEvent(annsTimer("a", 1)), realtime.NewEvent(annsTimer("b", 2))})
	_, events, err := parseAnnouncement("ann", text)
	require.NoError(t, err)
	require.Len(t, events, 2)
	assert.Equal(t, "b", events[1].Timer.ID)
	assert.Equal(t, int64(2), lastAnnounced(text))
	notice := (&realtime.Refusal{Code: "X", Message: "y"}).Encode()
	a, events, err := parseAnnouncement("ann", announceNotice(notice))
	require.NoError(t, err)
	assert.Empty(t, events)
	assert.JSONEq(t, string(notice), string(a.Notice))
	assert.Zero(t, lastAnnounced(announceNotice(notice)))
}

// One timer that cannot be read does not take the others of its announcement along.
func TestAnnouncementInPart(t *testing.T) {
	good, bad := annsTimer("good", 2), annsTimer("bad", 1)
	for name, spoil := range map[string]func(*realtime.Timer){
		"year-10000":     func(t *realtime.Timer) { t.StartedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"without-status": func(t *realtime.Timer) { t.Status = "" },
		"without-id":     func(t *realtime.Timer) { t.ID = "" },
		"another-user":   func(t *realtime.Timer) { t.UserID = "bob" },
	} {
		t.Run(name, func(t *testing.T) {
			spoiled := bad
			spoil(&spoiled)
			_, events, err := parseAnnouncement("ann", AnnounceEvents(2, []realtime.Event{realtime.NewEvent(spoiled), realtime.NewEvent(good)}))
			require.Error(t, err)
			require.Len(t, events, 1)
			assert.Equal(t, "good", events[0].Timer.ID)
		})
	}
}

// An announcement stays small whatever the changes hold, and still says how far
// they go.
func TestAnnouncementIsBounded(t *testing.T) {
	for size, want := range map[int]int{10: 20, 5000: 0} {
		var events []realtime.Event
		for n := range int64(20) {
			events = append(events, realtime.NewEvent(realtime.Timer{ID: "a", UserID: "ann", Status: realtime.Running, StartedAt: time.Unix(1, 0), UpdatedAt: time.Unix(1, 0), CountedAt: time.Unix(1, 0), Seq: n + 1, Comment: strings.Repeat("x", size)}))
		}
		text := AnnounceEvents(20, events)
		assert.Less(t, len(text), maxAnnouncement+100)
		assert.EqualValues(t, 20, lastAnnounced(text))
		_, read, err := parseAnnouncement("ann", text)
		assert.NoError(t, err)
		assert.Len(t, read, want)
	}
}
