package main

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

// syncs notes when each began; each takes half a second.
type syncs struct {
	mu    sync.Mutex
	began []time.Time
}

func (s *syncs) Run(context.Context) (timercache.Result, error) {
	s.mu.Lock()
	s.began = append(s.began, time.Now())
	s.mu.Unlock()
	time.Sleep(500 * time.Millisecond)
	return timercache.Result{}, nil
}

// However often a sync is requested, there is a pause between two; and what is
// requested while one runs, or in the pause, comes after it.
func TestSyncLoopPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := &syncs{}
		loop := newSyncLoop(done, slog.New(slog.DiscardHandler))
		ended := make(chan struct{})
		go func() { defer close(ended); loop.run(ctx) }()
		var last time.Time
		for range 100 {
			last = time.Now()
			loop.request()
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * syncFloor)
		stop()
		<-ended
		assert.Len(t, done.began, 6, "in ten seconds, and one for what came last")
		for n, at := range done.began[1:] {
			assert.GreaterOrEqual(t, at.Sub(done.began[n]), syncFloor)
		}
		assert.False(t, done.began[len(done.began)-1].Before(last))
	})
}
