package writes

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/tasks"
)

var testNow = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// fakeStore holds one state for everybody, and fails the changes of the user "bad".
type fakeStore struct {
	state   realtime.State
	commits atomic.Int32
}

func (s *fakeStore) Load(context.Context, string) (realtime.State, error) { return s.state, nil }

func (s *fakeStore) Commit(_ context.Context, changes []realtime.Change) ([]bool, error) {
	s.commits.Add(1)
	made, failed := make([]bool, len(changes)), make(realtime.Failures, len(changes))
	for i := range changes {
		if changes[i].User == "bad" {
			failed[i] = errors.New("WRONGTYPE")
		}
		made[i] = failed[i] == nil
	}
	return made, failed.Any()
}

// roomWith is ann's room with a state.
func roomWith(t testing.TB, state realtime.State) *fanout.Room {
	t.Helper()
	r := fanout.NewHub(&fakeStore{state: state}, tasks.New(nil, nil, nil)).Enter("ann")
	require.NoError(t, r.EnsureFresh(t.Context()))
	return r
}

// commitFor starts a timer of each user in one run of a committer.
func commitFor(t *testing.T, store realtime.Store, users ...string) map[string]Outcome {
	t.Helper()
	group := tasks.New(nil, nil, nil)
	c := newCommitter(store, fanout.NewHub(store, group), false, nil, group)
	outcomes := map[string]Outcome{}
	for _, user := range users {
		assert.NoError(t, c.Submit(Write{IfSeq: -1, Timer: realtime.Timer{ID: "a", UserID: user, Status: realtime.Running, Source: realtime.SourceClient},
			Done: func(o Outcome) { outcomes[user] = o }}))
	}
	c.queue.close()
	c.run()
	return outcomes
}

// barrier is a store whose loads end when n of them are in progress.
type barrier struct {
	fakeStore
	missing atomic.Int32
	all     chan struct{}
}

func (s *barrier) Load(ctx context.Context, _ string) (realtime.State, error) {
	if s.missing.Add(-1) == 0 {
		close(s.all)
	}
	select {
	case <-s.all:
		return realtime.State{}, nil
	case <-ctx.Done():
		return realtime.State{}, ctx.Err()
	}
}

// A sync that finds the timers of many people delays nobody: they are not loaded one
// by one.
func TestManyUsersAreLoadedTogether(t *testing.T) {
	store := &barrier{all: make(chan struct{})}
	var users []string
	for n := range 8 {
		users = append(users, fmt.Sprint("user-", n))
	}
	store.missing.Store(int32(len(users)))
	for user, outcome := range commitFor(t, store, users...) {
		assert.Equal(t, Outcome{}, outcome, user)
	}
}

func TestOneUsersFailureIsTheirOwn(t *testing.T) {
	store := &fakeStore{}
	outcomes := commitFor(t, store, "ann", "bad", "bob")
	for user, refused := range map[string]bool{"ann": false, "bad": true, "bob": false} {
		assert.Equal(t, refused, outcomes[user].Refused != nil, user)
	}
	assert.EqualValues(t, 1, store.commits.Load())
}

// A write computed from the state before a batch is void if an earlier write of the
// batch changes that state.
func TestComparisonAfterAnEvent(t *testing.T) {
	timer := annsTimer("cw:ann:ABC-1", realtime.Running, "")
	timer.Seq, timer.IssueKey, timer.Source = 1, "ABC-1", realtime.SourceClockwork
	stopped, edited := timer, timer
	stopped.Status, stopped.UpdatedAt = realtime.Stopped, testNow.Add(time.Second)
	edited.Comment = "as the cache had it before"
	p := &plan{room: roomWith(t, realtime.State{Seq: 1, Timers: []realtime.Timer{timer}}), writes: []Write{
		{Timer: stopped, Relayed: true, IfSeq: -1},
		{Timer: edited, IfSeq: 1},
	}}
	p.compute()
	assert.Equal(t, []Outcome{{}, {Void: true}}, p.outcomes)
	assert.Len(t, p.change.Events, 1)
}
