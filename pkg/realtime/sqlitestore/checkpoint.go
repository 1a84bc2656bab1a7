package sqlitestore

import (
	"context"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
)

const (
	// checkpointAfter is how many events may be in the log alone.
	checkpointAfter = 2000
	// longLog is the length, in pages of 4 KiB, from which the log is begun
	// anew although that makes writers wait.
	longLog = 16_000
)

// checkpoints carry the write-ahead log over into the database, beside the
// writer: SQLite would do it inside a commit, whose sender then waits for the
// disk.
type checkpoints struct {
	wake    chan struct{}
	done    sync.WaitGroup
	pending int // events since the last one
}

// start begins with what a process that was killed has left in the log: one that
// never lives long enough for a checkpoint would leave a longer one each time.
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
	default: // one is under way
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
		return nil // the writer begins at the front once it finds all moved
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &inLog, &moved)
}
