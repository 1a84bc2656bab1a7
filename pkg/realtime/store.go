package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// Store keeps the timers.
type Store interface {
	// Load reads a user's state. An unknown user has no timers, and the store's
	// epoch as seq.
	Load(ctx context.Context, user string) (State, error)
	// Commit writes the changes, each completely or not at all, and says for each
	// whether it was made: it is not if the user's seq is no longer After. After an
	// error a change may or may not have been made; the same changes may be
	// committed again, because none can be made twice. If only some failed, the
	// error is Failures, and the results of the others are valid.
	Commit(ctx context.Context, changes []Change) (made []bool, err error)
}

// Feed is a Store that several instances share.
type Feed interface {
	// Listen calls onReady once the subscription is active, and onAnnouncement for
	// each announcement after that. It blocks until ctx ends or the connection is
	// lost.
	Listen(ctx context.Context, onReady func(), onAnnouncement func(user, announcement string)) error
	// Announce publishes an announcement that belongs to no change.
	Announce(ctx context.Context, user, announcement string) error
}

// State is what a store knows of one user.
type State struct {
	Seq    int64
	Timers []Timer
	Recent []Event // the last changes in order, as far as they are known; the newest has Seq
	// Unreadable is why something was left out, nil if nothing was.
	Unreadable error
}

// Bounds of a user's recent changes, which clients get that reconnect.
const (
	MaxRecent      = 256
	MaxRecentBytes = 256 << 10
)

// Event is one change of a timer.
type Event struct {
	Timer Timer
	JSON  []byte // the timer, as stores keep it and clients get it
}

// NewEvent encodes a timer.
func NewEvent(t Timer) Event { return Event{t, encodeTimer(&t)} }

// DecodeEvent reads what NewEvent encoded.
func DecodeEvent(encoded []byte) (Event, error) {
	e := Event{JSON: encoded}
	if err := json.Unmarshal(encoded, &e.Timer); err != nil {
		return Event{}, err
	}
	if e.Timer.CountedAt.IsZero() { // written before timers had a count
		e.Timer.CountByClock()
	}
	if err := e.Timer.Check(); err != nil {
		return Event{}, err
	}
	return e, nil
}

// Change is what one Commit does to one user's timers.
type Change struct {
	User  string
	After int64 // the seq that it follows
	// Skipped numbers after After are left unused: see fanout.Room.
	Skipped int64
	// Events have the numbers After+Skipped+1 and so on. The last one of a timer is
	// its new state.
	Events  []Event
	Dropped []string // ids of timers to delete
	// Announcement is what a Feed publishes with the change.
	Announcement string
}

// Seq is the user's seq once the change is made.
func (c *Change) Seq() int64 { return c.After + c.Skipped + int64(len(c.Events)) }

// Failures are the errors of a commit's changes, nil for each that succeeded. One
// user's failure must not fail another's change.
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

// Any is the error of a commit: nil if no change failed, and one error if all did.
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
// microseconds, which JSON numbers hold exactly until 2255. So a client of an
// earlier store, now lost, cannot mistake this one's changes for a continuation.
func NewEpoch(now time.Time) int64 { return now.UnixMicro() }

// ErrUnavailable is wrapped around a store's errors.
var ErrUnavailable = errors.New("the realtime store does not answer")
