package timercache

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxChanges bounds one script call: Redis does nothing else meanwhile.
const maxChanges = 2000

// Result says what a snapshot did to the cache.
type Result struct {
	Version int64 `json:"version"`
	Timers  int   `json:"timers"`
	Users   int   `json:"users"`
	Started int   `json:"started"`
	Stopped int   `json:"stopped"`
	Edited  int   `json:"edited"`
	// Fenced counts people left alone because they started or stopped something
	// after the fetch began. The next snapshot decides about them.
	Fenced int `json:"fenced"`
}

// Confirm records that the snapshot fetched at fetchedAt equals what mark names.
// Whoever started or stopped something since stays as they are. The error is
// ErrNotStaged if another sync has written since, or wraps ErrUnavailable.
func (c *Cache) Confirm(ctx context.Context, mark Mark, fetchedAt time.Time) (Result, error) {
	state, _ := decodeSync(mark.State)
	if state.Epoch == "" { // an earlier version compared: nothing is known about the hash of people
		return Result{}, ErrNotStaged
	}
	return c.commit(ctx, &plan{Expected: mark.State, State: state.confirmed(fetchedAt).encode(), Version: state.Version})
}

// Commit writes a staged snapshot, one person at a time: who started or stopped
// something since its base was read is left alone. It may be repeated: the
// second time changes nothing. The error is ErrNotStaged if the snapshot is gone
// or another sync has written since, or wraps ErrUnavailable.
func (c *Cache) Commit(ctx context.Context, runID string) (Result, error) {
	p, err := c.staged(ctx, runID)
	if err != nil {
		return Result{}, err
	}
	return c.commit(ctx, p)
}

// Write does what Compare found, as Commit does.
func (c *Cache) Write(ctx context.Context, p *Proposal) (Result, error) {
	return c.commit(ctx, p.plan)
}

func (c *Cache) commit(ctx context.Context, p *plan) (Result, error) {
	result := Result{Version: p.Version, Timers: p.Timers, Users: p.Users}
	for _, w := range p.parts(c.maxRequest) {
		refused, err := c.writePart(ctx, w)
		if err != nil {
			return Result{}, notStaged(err)
		}
		for _, ch := range w.changes {
			result.Started, result.Stopped, result.Edited = result.Started+ch.Tally.Started, result.Stopped+ch.Tally.Stopped, result.Edited+ch.Tally.Edited
		}
		for _, place := range refused {
			left := w.changes[place].Tally
			result.Started, result.Stopped, result.Edited = result.Started-left.Started, result.Stopped-left.Stopped, result.Edited-left.Edited
		}
		result.Fenced += len(refused)
	}
	return result, nil
}

func notStaged(err error) error {
	if errors.Is(err, errSuperseded) {
		return fmt.Errorf("%w: %w", ErrNotStaged, err)
	}
	return err
}

// parts are the script calls that write the plan, each with at most maxChanges
// people and about maxBytes. The last one replaces the sync record.
func (p *plan) parts(maxBytes int) []*part {
	state, _ := decodeSync(p.State)
	next := func() *part {
		w := &part{expected: p.Expected, state: p.State, epoch: state.Epoch, floor: state.Floor, legacy: p.Legacy, began: p.Began}
		if p.Reset {
			w.reset = resetGoesOn
		}
		return w
	}
	parts := []*part{next()}
	size := 0
	for _, ch := range p.Changes {
		last, bytes := parts[len(parts)-1], len(ch.Message)+len(ch.Value)
		if len(last.changes) == maxChanges || size > 0 && size+bytes > maxBytes {
			last, size = next(), 0
			parts = append(parts, last)
		}
		last.changes, size = append(last.changes, ch), size+bytes
	}
	if p.Reset {
		parts[0].reset = resetBegins
	}
	last := parts[len(parts)-1]
	last.last, last.joined, last.resetKnown = true, p.Joined, p.Reset
	return parts
}
