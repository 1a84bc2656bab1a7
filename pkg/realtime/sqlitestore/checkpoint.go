package sqlitestore

import (
	"context"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
)

const (
	// checkpointAfter is the number of events between checkpoints.
	checkpointAfter = 2000
	// longLog is the length, in pages of 4 KiB, from which the log is truncated although
	// that makes writers wait.
	longLog = 16_000
)

// checkpoints move the write-ahead log into the database in the background. SQLite would
// do it within a commit, which would then wait for the disk.
type checkpoints struct {
	wake    chan struct{}
	done    sync.WaitGroup
	pending int // events since the last one
}

// start first moves what an earlier process left in the log: else the log would grow with
// each process that is killed before its first checkpoint.
func (c *checkpoints) start(s *Store) {
	if err := s.checkpoint(); err != nil {
		s.log.Warn("sqlite checkpoint failed", "error", err)
	}
	c.wake = make(chan struct{}, 1)
	c.done.Go(func() {
		for range c.wake {
			if err := panics.Try(s.checkpoint); err != nil {
				s.log.Warn("sqlite checkpoint failed", "error", err)
			}
		}
	})
}

// due counts events. It needs the store's mu held.
func (c *checkpoints) due(n int) {
	if c.pending += n; c.wake == nil || c.pending < checkpointAfter {
		return
	}
	select {
	case c.wake <- struct{}{}:
		c.pending = 0
	default: // one is in progress
	}
}

func (c *checkpoints) stop() {
	if c.wake != nil {
		close(c.wake)
		c.done.Wait()
	}
}

func (s *Store) checkpoint() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var busy, inLog, moved int
	if err := s.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &inLog, &moved); err != nil {
		return err
	}
	if inLog < longLog {
		return nil // the writer reuses the log once all of it was moved
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &inLog, &moved)
}
