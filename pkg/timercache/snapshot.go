package timercache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	// Unnamed says that some timers lack names because Jira did not answer.
	Unnamed bool `json:"unnamed,omitempty"`
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

// compare reports whether the list of everybody says the same as the snapshot,
// and returns the command that counts the values that then need no writing.
func (c *Cache) compare(base Base, s *Snapshot) (count []any, same bool) {
	before, after := timer.ByAccount(base.Timers), timer.ByAccount(s.Timers)
	_, fresh := decodeSync(base.raw, c.clock())
	same = fresh && !s.Enriched && s.Unnamed == base.state.Unnamed && s.Source == base.state.Source && len(before) == len(after) &&
		c.clock().Sub(base.state.RefreshedAt) <= refreshAge
	count = []any{"EXISTS", allKey}
	for account, timers := range after {
		if !timer.SameSnapshot(before[account], base.cachedAt, timers, s.CachedAt) {
			same = false
			continue
		}
		for _, key := range userKeys(account, emailOf(timers)) {
			count = append(count, key)
		}
	}
	if len(before) > 0 {
		count = append(count, activeUsersKey)
	}
	return count, same
}

// Propose reports whether the cache already holds the snapshot, whole, and needs
// no renewal: then Confirm does, which writes one key. Otherwise it has staged
// the snapshot for Commit. It counts the values that need no writing, and where
// one was lost sets s.Whole. All this is one round trip, and one more where a
// value turns out to be lost; also are commands to send along, whose replies do
// not matter.
func (c *Cache) Propose(ctx context.Context, runID string, base Base, s *Snapshot, also ...[]any) (Mark, bool, error) {
	var count []any
	same := false
	cmds := slices.Clone(also)
	if base.known {
		count, same = c.compare(base, s)
		cmds = append(cmds, count)
	}
	if !same {
		stage, err := stageCommand(runID, *s)
		if err != nil {
			return Mark{}, false, err
		}
		cmds = append(cmds, stage)
	}
	replies, err := c.redis.Pipeline(ctx, cmds...)
	switch {
	case err != nil:
		return Mark{}, false, fmt.Errorf("%w: propose: %w", ErrUnavailable, err)
	case len(replies) != len(cmds):
		return Mark{}, false, fmt.Errorf("%w: propose: %d of %d replies", ErrUnavailable, len(replies), len(cmds))
	}
	for _, reply := range replies[len(also):] {
		if refused, ok := reply.(error); ok {
			return Mark{}, false, fmt.Errorf("%w: propose: %w", ErrUnavailable, refused)
		}
	}
	if base.known && replies[len(also)] != int64(len(count)-1) {
		s.Whole = true
		return Mark{}, false, c.Stage(ctx, runID, *s)
	}
	return Mark{base.raw}, same, nil
}

// Stage keeps a snapshot for the step that writes it.
func (c *Cache) Stage(ctx context.Context, runID string, s Snapshot) error {
	cmd, err := stageCommand(runID, s)
	if err != nil {
		return err
	}
	if _, err := c.redis.Do(ctx, cmd...); err != nil {
		return fmt.Errorf("%w: stage: %w", ErrUnavailable, err)
	}
	return nil
}

func stageCommand(runID string, s Snapshot) ([]any, error) {
	packed, err := pack(s)
	if err != nil {
		return nil, fmt.Errorf("stage snapshot: %w", err)
	}
	return []any{"SET", stagingKey(runID), packed, "EX", int(stagingLife / time.Second)}, nil
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
