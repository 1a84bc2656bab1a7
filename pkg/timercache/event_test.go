package timercache_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

func subjectOf(t timer.Timer) timercache.Subject {
	return timercache.Subject{AccountID: t.RunningFor}
}

// published is one event as a subscriber gets it.
type published struct {
	channel string
	payload string
}

// listen collects events; the returned function ends that and hands them out.
func (w *world) listen(t *testing.T, onEvent func(published)) (stop func() []published) {
	t.Helper()
	sub := w.rdb.PSubscribe(context.Background(), "clockwork:events:*", "end")
	for range 2 {
		_, err := sub.Receive(context.Background())
		require.NoError(t, err)
	}
	done := make(chan []published, 1)
	go func() {
		var got []published
		for {
			message, err := sub.ReceiveMessage(context.Background())
			if err != nil || message.Channel == "end" {
				done <- got
				return
			}
			event := published{message.Channel, message.Payload}
			if onEvent != nil {
				onEvent(event)
			}
			got = append(got, event)
		}
	}()
	return func() []published {
		require.NoError(t, w.rdb.Publish(context.Background(), "end", "").Err())
		defer sub.Close()
		return <-done
	}
}

// events counts what is published while act runs.
func (w *world) events(t *testing.T, act func()) int {
	t.Helper()
	stop := w.listen(t, nil)
	act()
	return len(stop())
}

type wireEvent struct {
	Event   string `json:"event"`
	Payload struct {
		ID        string    `json:"id"`
		UserID    string    `json:"user_id"`
		Status    string    `json:"status"`
		StartedAt time.Time `json:"started_at"`
		UpdatedAt time.Time `json:"updated_at"`
		IssueKey  string    `json:"issue_key"`
		Comment   string    `json:"comment"`
		OnHold    bool      `json:"on_hold"`

		CountedSeconds int64     `json:"counted_seconds"`
		CountedAt      time.Time `json:"counted_at"`
	} `json:"payload"`
}

// wireEvents decodes messages, of one event each or of a list.
func wireEvents(t *testing.T, messages []published) (events []wireEvent) {
	t.Helper()
	for _, m := range messages {
		list := make([]wireEvent, 1)
		var into any = &list[0]
		if strings.HasPrefix(m.payload, "[") {
			into = &list
		}
		require.NoError(t, json.Unmarshal([]byte(m.payload), into), m.payload)
		events = append(events, list...)
	}
	return events
}

func TestEventsOncePerChangeAndReadable(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b, c := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour), running(3, "cleo", "C-1", time.Hour)
		w.sync(a, b, c)
		w.clock.Advance(time.Second)
		stop := w.listen(t, func(e published) { // it is readable when the event comes
			var event wireEvent
			if assert.NoError(t, json.Unmarshal([]byte(e.payload), &event)) {
				running := w.read(timercache.Subject{AccountID: event.Payload.UserID}).Timers
				shown := false
				for _, issue := range issuesOf(running) {
					shown = shown || issue == event.Payload.IssueKey
				}
				assert.Equal(t, event.Payload.Status == "running", shown, e.payload)
				assert.Equal(t, timercache.EventsChannel(event.Payload.UserID), e.channel)
				assert.Equal(t, "cw:"+event.Payload.UserID+":"+event.Payload.IssueKey, event.Payload.ID)
			}
		})
		held := c
		held.WithinWorkingHours = false
		run := w.stage(w.seen(commented(a, "new"), held, running(4, "dee", "D-1", time.Minute)))
		for range 2 { // a repeated step publishes nothing more
			_, err := w.cache.Commit(t.Context(), run)
			require.NoError(t, err)
		}
		w.clock.Advance(time.Second)
		w.sync(commented(a, "new"), held, running(4, "dee", "D-1", time.Minute))

		got := map[string]string{}
		events := stop()
		for _, e := range events {
			var event wireEvent
			require.NoError(t, json.Unmarshal([]byte(e.payload), &event))
			assert.Equal(t, "timer_updated", event.Event)
			assert.Equal(t, start.Add(time.Second), event.Payload.UpdatedAt)
			got[event.Payload.ID] = event.Payload.Status + event.Payload.Comment
			assert.Equal(t, event.Payload.UserID == "cleo", event.Payload.OnHold)
		}
		assert.Len(t, events, 4)
		assert.Equal(t, map[string]string{"cw:ann:A-1": "runningnew", "cw:bob:B-1": "stopped", "cw:cleo:C-1": "running", "cw:dee:D-1": "running"}, got)
	})
}

// At any time an event's count is what a reader of the cache gets: a snapshot is
// written some seconds after its numbers were true.
func TestEventsSayWhatWasCounted(t *testing.T) {
	w := onMini(t)
	stop := w.listen(t, nil)
	w.sync()
	w.clock.Advance(time.Second)
	held := running(2, "ann", "A-2", 5*time.Hour)
	held.WithinWorkingHours, held.TillNow = false, 5700
	run := w.stage(w.seen(held, running(1, "ann", "A-1", time.Hour)))
	w.clock.Advance(7 * time.Second)
	_, err := w.cache.Commit(t.Context(), run)
	require.NoError(t, err)
	w.clock.Advance(1500 * time.Millisecond)
	w.started("ann", "A-3")
	events := stop()
	w.clock.Advance(time.Minute)
	tillNow := map[string]int64{}
	for _, x := range w.read(ann).Timers {
		tillNow[x.Issue.Key] = x.TillNow
	}
	var all []json.RawMessage
	for _, message := range events {
		some, err := timercache.Events(message.payload)
		require.NoError(t, err)
		all = append(all, some...)
	}
	require.Len(t, all, 3)
	for _, e := range all {
		var event wireEvent
		require.NoError(t, json.Unmarshal(e, &event))
		shown := event.Payload.CountedSeconds
		if !event.Payload.OnHold {
			shown += int64(w.clock.Now().Sub(event.Payload.CountedAt) / time.Second)
		}
		assert.InDelta(t, tillNow[event.Payload.IssueKey], shown, 1, "%s", e)
	}
}

func TestEventsOfAStartAndItsConfirmation(t *testing.T) {
	for name, tc := range map[string]struct {
		moved time.Duration
		want  int
	}{"same-start": {0, 0}, "one-second": {time.Second, 0}, "two-seconds": {2 * time.Second, 0}, "three-seconds": {3 * time.Second, 1}} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync()
			w.clock.Advance(10 * time.Second)
			assert.Equal(t, 1, w.events(t, func() { w.started("ann", "A-1") }))
			real := provisional("ann", "A-1", w.clock.Now().Add(-tc.moved))
			real.ID = 77
			w.clock.Advance(5 * time.Second)
			etag := w.read(ann).ETag
			assert.Equal(t, tc.want, w.events(t, func() { w.sync(real) }))
			got := w.read(ann)
			assert.Equal(t, int64(77), got.Timers[0].ID, "the real id is taken over all the same")
			assert.Equal(t, real.StartedAt, got.Timers[0].StartedAt)
			assert.NotEqual(t, etag, got.ETag)
		})
	}
}

func TestEventsOfStops(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	assert.Equal(t, 1, w.events(t, func() { w.stopped("ann", "A-1") }))
	assert.Zero(t, w.events(t, func() { w.stopped("ann", "A-1") }), "nothing ran")
	w.clock.Advance(time.Second)
	assert.Zero(t, w.events(t, func() { w.sync() }), "the snapshot says what was published already")
}

// A write that comes too late is computed again; only what was written is published.
func TestEventsOfACollision(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		run := w.stage(w.seen())
		assert.Equal(t, 1, w.events(t, func() {
			w.intercept("EVAL", func() { w.stopped("ann", "A-1") })
			_, err := w.cache.Commit(t.Context(), run)
			require.NoError(t, err)
		}))
	})
}

func TestEventsOfATotalLossReplay(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	w.flush()
	w.clock.Advance(time.Second)
	assert.Equal(t, 1, w.events(t, func() { w.sync(running(1, "ann", "A-1", time.Hour)) }), "nobody knows any more what was published")
}
