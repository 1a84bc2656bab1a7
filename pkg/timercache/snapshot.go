package timercache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// ErrNotStaged means that a run's snapshot is no longer in Redis: it is kept
// for ten minutes, unless Redis lost its memory.
var ErrNotStaged = errors.New("the staged snapshot is gone")

// Snapshot is everything that ran at one time.
type Snapshot struct {
	Timers []timer.Timer `json:"timers"`
	// FetchedAt is before the base was read and the first page was asked for: a
	// change made later may be missing. CachedAt is when every TillNow was true.
	FetchedAt time.Time `json:"fetchedAt"`
	CachedAt  time.Time `json:"cachedAt"`
	Source    string    `json:"source"`
	// Enriched says that names were looked up anew rather than carried over.
	Enriched bool `json:"enriched,omitempty"`
	// Whole asks for every value to be written, changed or not.
	Whole bool `json:"whole,omitempty"`
}

// Base is what the cache holds when a fetch begins: what the fetch can carry
// over, and what its snapshot is compared to.
type Base struct {
	Timers     []timer.Timer
	EnrichedAt time.Time // when names were last looked up for all timers
	known      bool      // false: no list to compare with, everything must be written
	cachedAt   time.Time
	state      syncState
	raw        string
	pending    []string // accounts changed while there was no list of everybody
	rawPending string
}

// At returns the timers as they are at a moment; false where no list of
// everybody is known.
func (b Base) At(moment time.Time) ([]timer.Timer, bool) {
	return timer.Advance(b.Timers, b.cachedAt, moment), b.known
}

// Base reads the present state, with one Redis command. More keys, such as
// that of a token, are read with the same command; extra has their values.
func (c *Cache) Base(ctx context.Context, extraKeys ...string) (base Base, extra []string, err error) {
	raw, err := c.mget(ctx, append(baseKeys(), extraKeys...)...)
	if err != nil {
		return Base{}, nil, err
	}
	return c.base(raw), raw[len(baseKeys()):], nil
}

// baseKeys are the keys that a base is made from.
func baseKeys() []string { return []string{syncKey, allKey, pendingKey} }

// base makes a base from the values of baseKeys. The list of everybody serves
// an hour longer than readers may see it: amend, which looks at the clock
// earlier, may have written to it just before.
func (c *Cache) base(raw []string) Base {
	state, synced := decodeSync(raw[0], c.clock().Add(-time.Hour))
	everybody, known := decodeValue(raw[1])
	b := Base{raw: raw[0], state: state, rawPending: raw[2], pending: decodePending(raw[2])}
	if !synced || !known || everybody.Version < state.Floor || raw[2] != "" {
		return b
	}
	b.known, b.Timers, b.cachedAt, b.EnrichedAt = true, everybody.Timers, everybody.CachedAt, state.EnrichedAt
	return b
}

// Mark names the state that a snapshot was found equal to. It holds no one's
// data, so it may pass through a workflow engine's storage.
type Mark struct {
	State string `json:"state"`
}

// Compare reports whether the cache already holds the snapshot, whole, and
// needs no renewal: then Confirm does, which writes one key. Otherwise Stage
// and Commit it. It costs one Redis command, which counts the values that need
// no writing: where one was lost, s.Whole is set.
func (c *Cache) Compare(ctx context.Context, base Base, s *Snapshot) (Mark, bool, error) {
	if !base.known {
		return Mark{}, false, nil
	}
	before, after := timer.ByAccount(base.Timers), timer.ByAccount(s.Timers)
	_, fresh := decodeSync(base.raw, c.clock())
	same := fresh && !s.Enriched && s.Source == base.state.Source && len(before) == len(after) &&
		c.clock().Sub(base.state.RefreshedAt) <= refreshAge
	cmd := []any{"EXISTS", allKey}
	for account, timers := range after {
		if !timer.SameSnapshot(before[account], base.cachedAt, timers, s.CachedAt) {
			same = false
			continue
		}
		for _, key := range userKeys(account, emailOf(timers)) {
			cmd = append(cmd, key)
		}
	}
	if len(before) > 0 {
		cmd = append(cmd, activeUsersKey)
	}
	present, err := c.redis.Do(ctx, cmd...)
	if err != nil {
		return Mark{}, false, fmt.Errorf("%w: exists: %w", ErrUnavailable, err)
	}
	s.Whole = present != int64(len(cmd)-1)
	return Mark{base.raw}, same && !s.Whole, nil
}

// Stage keeps a snapshot for the step that writes it.
func (c *Cache) Stage(ctx context.Context, runID string, s Snapshot) error {
	packed, err := pack(s)
	if err != nil {
		return fmt.Errorf("stage snapshot: %w", err)
	}
	return c.setStaged(ctx, stagingKey(runID), packed)
}

// staged returns a run's snapshot and the state to compare it with, or
// ErrNotStaged.
func (c *Cache) staged(ctx context.Context, runID string) (Snapshot, Base, error) {
	raw, err := c.mget(ctx, append(baseKeys(), stagingKey(runID))...)
	if err != nil {
		return Snapshot{}, Base{}, err
	}
	packed := raw[len(baseKeys())]
	if packed == "" {
		return Snapshot{}, Base{}, ErrNotStaged
	}
	s, err := unpack(packed)
	if err != nil {
		return Snapshot{}, Base{}, fmt.Errorf("%w: %w", ErrNotStaged, err)
	}
	return s, c.base(raw), nil
}

// pack and unpack keep the staged form: JSON, compressed, since it crosses the
// network twice, and in base64, since Upstash's REST API carries only text.
func pack(s Snapshot) (string, error) {
	encoded, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return deflate(encoded)
}

func unpack(packed string) (s Snapshot, err error) {
	encoded, err := inflate(packed)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(encoded, &s)
}
