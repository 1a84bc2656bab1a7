package realtime

import (
	"context"
	"fmt"
	"log/slog"
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
	c := &committer{store: store, hub: &hub{rooms: map[string]*room{}}, now: time.Now, log: slog.New(slog.DiscardHandler), wake: make(chan struct{}, 1),
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
