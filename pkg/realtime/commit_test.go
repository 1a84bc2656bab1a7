package realtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// together is a store whose loads end when n are under way.
type together struct {
	Store
	missing atomic.Int32
	all     chan struct{}
}

func (s *together) Load(ctx context.Context, _ string) (State, error) {
	if s.missing.Add(-1) == 0 {
		close(s.all)
	}
	select {
	case <-s.all:
		return State{}, nil
	case <-ctx.Done():
		return State{}, ctx.Err()
	}
}

func (s *together) Commit(_ context.Context, changes []Change) ([]bool, error) {
	made := make([]bool, len(changes))
	for i := range made {
		made[i] = true
	}
	return made, nil
}

// A sync that finds the timers of many people holds nobody up: they are not
// looked up one by one.
func TestManyUsersAreLoadedTogether(t *testing.T) {
	const users = 8
	store := &together{all: make(chan struct{})}
	store.missing.Store(users)
	c := &committer{store: store, hub: &hub{rooms: map[string]*room{}}, now: time.Now, bytes: map[string]int{}, log: slog.New(slog.DiscardHandler), wake: make(chan struct{}, 1),
		pace: pace{now: time.Now, sleep: time.Sleep}}
	outcomes := make(chan outcome, users)
	for n := range users {
		user := fmt.Sprint("user-", n)
		assert.NoError(t, c.submit(write{user: user, ifSeq: -1, timer: Timer{ID: "a", UserID: user, Status: Running, Source: SourceClockwork},
			done: func(o outcome) { outcomes <- o }}))
	}
	c.close()
	c.run()
	for range users {
		assert.Equal(t, outcome{}, <-outcomes)
	}
}

// What was computed from the state before a batch is void once a write of the
// same batch has changed it.
func TestComparisonBehindAnEvent(t *testing.T) {
	r := &room{user: "ann"}
	timer := Timer{ID: "cw:ann:ABC-1", UserID: "ann", Status: Running, StartedAt: testNow, UpdatedAt: testNow, Seq: 1, IssueKey: "ABC-1", Source: SourceClockwork}
	r.replace(State{Seq: 1, Timers: []Timer{timer}})
	stopped, edited := timer, timer
	stopped.Status, stopped.UpdatedAt = Stopped, testNow.Add(time.Second)
	edited.Comment = "as the cache had it before"
	p := &plan{room: r, writes: []write{
		{user: "ann", timer: stopped, relayed: true, ifSeq: -1},
		{user: "ann", timer: edited, ifSeq: 1},
	}}
	p.compute()
	assert.Equal(t, []outcome{{}, {void: true}}, p.outcomes)
	assert.Len(t, p.change.Events, 1)
}

// picky is a store that one user's changes fail in.
type picky struct {
	together
	commits atomic.Int32
}

func (s *picky) Load(context.Context, string) (State, error) { return State{}, nil }

func (s *picky) Commit(_ context.Context, changes []Change) ([]bool, error) {
	s.commits.Add(1)
	made, failed := make([]bool, len(changes)), make(Failures, len(changes))
	for i := range changes {
		if changes[i].User == "bad" {
			failed[i] = errors.New("WRONGTYPE")
		}
		made[i] = failed[i] == nil
	}
	return made, failed.Any()
}

func TestOneUsersFailureIsTheirOwn(t *testing.T) {
	store := &picky{}
	c := &committer{store: store, hub: &hub{rooms: map[string]*room{}}, now: time.Now, bytes: map[string]int{}, log: slog.New(slog.DiscardHandler), wake: make(chan struct{}, 1),
		pace: pace{now: time.Now, sleep: time.Sleep}}
	refused := map[string]bool{}
	for _, user := range []string{"ann", "bad", "bob"} {
		assert.NoError(t, c.submit(write{user: user, ifSeq: -1, timer: Timer{ID: "a", UserID: user, Status: Running, Source: SourceClient},
			done: func(o outcome) { refused[user] = o.refused != nil }}))
	}
	c.close()
	c.run()
	assert.Equal(t, map[string]bool{"ann": false, "bad": true, "bob": false}, refused)
	assert.EqualValues(t, 1, store.commits.Load())
}

// An announcement stays small whatever the changes hold, and still says how far
// they go.
func TestAnnouncementIsBounded(t *testing.T) {
	for size, want := range map[int]int{10: 20, 5000: 0} {
		var events []Event
		for n := range int64(20) {
			events = append(events, NewEvent(Timer{ID: "a", UserID: "ann", Status: Running, StartedAt: time.Unix(1, 0), UpdatedAt: time.Unix(1, 0), CountedAt: time.Unix(1, 0), Seq: n + 1, Comment: strings.Repeat("x", size)}))
		}
		text := announceEvents(20, events)
		assert.Less(t, len(text), maxAnnouncement+100)
		assert.EqualValues(t, 20, lastAnnounced(text))
		_, read, err := parseAnnouncement("ann", text)
		assert.NoError(t, err)
		assert.Len(t, read, want)
	}
}
