package realtime

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Store keeps the timers.
type Store interface {
	// Load reads what is known of a user. One that nobody has seen has no timers,
	// and the store's epoch as seq.
	Load(ctx context.Context, user string) (State, error)
	// Commit writes the changes, each all or not at all, and says for each
	// whether it was made: not where the user is no longer at After. An error
	// means that it is not known, or that nothing was written; the same changes
	// may be committed again, since none can be made twice. If only some failed
	// the error is Failures, and what is said of the others holds.
	Commit(ctx context.Context, changes []Change) (made []bool, err error)
}

// Failures are the errors of a commit's changes, one for each; nil for those
// that did not fail. One user's must not fail another's.
type Failures []error

// Error is the first of them.
func (f Failures) Error() string { return f.first().Error() }

func (f Failures) first() error {
	for _, err := range f {
		if err != nil {
			return err
		}
	}
	return nil
}

// Any is the error of a commit with these: nil if none failed, and one error if
// all did.
func (f Failures) Any() error {
	switch {
	case f.first() == nil:
		return nil
	case slices.Contains(f, nil):
		return f
	}
	return f.first()
}

// NewEpoch is the seq that users of a new store start from: its first moment in
// microseconds, which JSON's numbers hold exactly until 2255. A client that was
// connected to an earlier store, now lost, so never takes what this one has for
// the continuation of what it knows.
func NewEpoch(now time.Time) int64 { return now.UnixMicro() }

// Feed is what a store that several instances share does besides.
type Feed interface {
	// Listen calls onReady whenever it begins to hear announcements, and
	// onAnnouncement for each that follows. It blocks until ctx ends or the
	// connection is lost.
	Listen(ctx context.Context, onReady func(), onAnnouncement func(user, announcement string)) error
	// Announce sends an announcement that goes with no change.
	Announce(ctx context.Context, user, announcement string) error
}

// Change is what one Commit does to one user's timers.
type Change struct {
	User  string
	After int64 // the seq that it builds on
	// Skipped is how many numbers are left out after it: see lossGap.
	Skipped int64
	// Events are numbered After+Skipped+1 and so on; the last one of a timer is
	// its new state.
	Events  []Event
	Dropped []string // ids of timers to forget
	// Announcement is what a Feed tells the other instances.
	Announcement string
}

// Seq is the user's seq once the change is made.
func (c *Change) Seq() int64 { return c.After + c.Skipped + int64(len(c.Events)) }

// Bounds of what is kept of one user.
const (
	MaxTimers     = 100      // the longest stopped leave first
	MaxTimerBytes = 64 << 10 // of all timers, by Timer.size; likewise
	MaxRecent     = 256      // changes, for clients that come back
	// maxRecentBytes bounds them once more.
	maxRecentBytes = 256 << 10
)

// ErrUnavailable is wrapped around a store's errors.
var ErrUnavailable = errors.New("the realtime store does not answer")

// errUnanswered is wrapped around the error of a commit: the store may have made
// it.
var errUnanswered = errors.New("the realtime store did not say whether it has this")

var errClosing = errors.New("the server is closing")
