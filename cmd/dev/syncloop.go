package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

// syncEvery keeps the snapshot fresh while nobody starts or stops anything:
// one older than ten minutes is called stale.
const syncEvery = time.Minute

// syncFloor is the least time from the beginning of one sync to that of the
// next, however often one is requested.
const syncFloor = 2 * time.Second

type syncer interface {
	Run(ctx context.Context) (timercache.Result, error)
}

// syncLoop runs syncs in this process, one at a time.
type syncLoop struct {
	syncer syncer
	log    *slog.Logger
	wanted chan struct{}
}

func newSyncLoop(syncer syncer, log *slog.Logger) *syncLoop {
	return &syncLoop{syncer: syncer, log: log, wanted: make(chan struct{}, 1)}
}

// request asks for a sync; one that is asked for while another runs comes after it.
func (l *syncLoop) request() {
	select {
	case l.wanted <- struct{}{}:
	default: // one that has not begun yet serves this request too
	}
}

func (l *syncLoop) run(ctx context.Context) {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-l.wanted:
		}
		began := time.Now()
		result, err := l.syncer.Run(ctx)
		if err != nil {
			l.log.Error("sync in this process failed", "error", err)
		} else {
			l.log.Info("sync in this process", "timers", result.Timers, "started", result.Started, "stopped", result.Stopped,
				"edited", result.Edited, "duration", time.Since(began))
		}
		select { // what is requested meanwhile is done after it
		case <-time.After(syncFloor - time.Since(began)):
		case <-ctx.Done():
		}
	}
}
