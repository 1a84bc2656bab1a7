package timercache

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// ErrNotStaged means that a snapshot cannot be written any more: what was staged
// is gone from Redis, which keeps it for ten minutes, or another sync has
// written since. The timers have to be fetched again.
var ErrNotStaged = errors.New("the staged snapshot cannot be written")

// ErrOtherSite means that the Redis holds the timers of another Jira site. Only a
// person can help.
var ErrOtherSite = errors.New("this Redis holds the timers of another Jira site: set KEY_PREFIX, another one for each site")

// Snapshot is everything that ran at one time.
type Snapshot struct {
	Timers []timer.Timer
	// FetchedAt is when the fetch began, CachedAt when every TillNow was true.
	FetchedAt time.Time
	CachedAt  time.Time
	Source    string
	// Enriched says that names were looked up again rather than carried over.
	Enriched bool
	// Unnamed says that some timers lack names because Jira did not answer.
	Unnamed bool
	// Unreadable is how many timers are left out because they cannot be read, and
	// UnreadableOf whose they are: account ids and, if known, addresses; empty if
	// they may be anybody's.
	Unreadable   int
	UnreadableOf []string
}

// Base is what the cache holds before a fetch begins: what the fetch can carry
// over, and what its snapshot is compared to. Whoever starts or stops something
// later than this is left alone by the snapshot.
type Base struct {
	people func() map[string]value // by account
	raw    string                  // the sync record
	state  syncState
	// known is false if the values may not be everybody's: before the first sync, or
	// if Redis lost a part. Then began is the mark of the hash; see Cache.begin.
	known bool
	began string
}

// At returns what runs as far as Redis knows, each TillNow as of moment, in no order.
func (b Base) At(moment time.Time) (timers []timer.Timer) {
	for _, v := range b.people() {
		timers = append(timers, timer.Advance(v.Timers, v.CachedAt, moment)...)
	}
	return timers
}

// EnrichedAt is when names were last looked up for all timers.
func (b Base) EnrichedAt() time.Time { return b.state.EnrichedAt }

// Base reads the present state, with two Redis commands, or a few more for over
// 5,000 people or if values may be missing. More keys, such as that of a token, are
// read with the same commands; extra has their values. The error wraps ErrUnavailable
// or ErrOtherSite.
func (c *Cache) Base(ctx context.Context, extraKeys ...string) (base Base, extra []string, err error) {
	keys := append([]string{syncKey}, extraKeys...)
	replies, err := c.redis.Pipeline(ctx, redis.MGet(keys), scanCommand("0"))
	switch {
	case err != nil:
		return Base{}, nil, fmt.Errorf("%w: read the base: %w", ErrUnavailable, err)
	case len(replies) != 2:
		return Base{}, nil, fmt.Errorf("%w: read the base: %d replies", ErrUnavailable, len(replies))
	}
	read, err := texts(replies[0], len(keys))
	if err != nil {
		return Base{}, nil, err
	}
	var fields []string
	if failed, _ := replies[1].(error); !isString(failed) {
		if fields, err = c.scanFrom(ctx, replies[1]); err != nil {
			return Base{}, nil, err
		}
	}
	base, err = c.newBase(ctx, read[0], fields)
	return base, read[1:], err
}

// BaseOf is Base for a caller who has just read clockwork:sync: one command less.
func (c *Cache) BaseOf(ctx context.Context, sync string) (Base, error) {
	fields, _, err := c.scan(ctx)
	if err != nil {
		return Base{}, err
	}
	return c.newBase(ctx, sync, fields)
}

// newBase decodes everybody while the caller goes on.
func (c *Cache) newBase(ctx context.Context, raw string, fields []string) (base Base, err error) {
	base.raw = raw
	if base.state, _ = decodeSync(base.raw); base.state.ofAnother(c.site) {
		return Base{}, fmt.Errorf("%w: it is %s", ErrOtherSite, base.state.Site)
	}
	if base.known = base.state.Epoch != "" && recordIn(fields).Epoch == base.state.Epoch; !base.known {
		if fields, base.began, err = c.begin(ctx); err != nil {
			return Base{}, err
		}
	}
	base.people = sync.OnceValue(func() map[string]value { return decodePeople(fields) })
	go func() { _ = panics.Try(func() error { base.people(); return nil }) }() // who needs them gets the panic
	return base, nil
}

// recordIn finds the sync record in the hash of people.
func recordIn(fields []string) (state syncState) {
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i] == stateField {
			state, _ = decodeSync(fields[i+1])
		}
	}
	return state
}

// begin marks the hash of people and reads it again, because the snapshot will write
// everybody. If the mark is gone then, so is who started or stopped something
// meanwhile. The hash may have the mark of another sync: that one says as much.
func (c *Cache) begin(ctx context.Context) (fields []string, mark string, err error) {
	replies, err := c.redis.Pipeline(ctx, []any{"HSETNX", peopleKey, beganField, rand.Text()}, []any{"HGET", peopleKey, beganField}, scanCommand("0"))
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("%w: mark the hash: %w", ErrUnavailable, err)
	case len(replies) != 3:
		return nil, "", fmt.Errorf("%w: mark the hash: %d replies", ErrUnavailable, len(replies))
	}
	if failed, ok := replies[2].(error); ok && isString(failed) {
		return nil, "", nil
	}
	mark, ok := replies[1].(string)
	if !ok {
		return nil, "", fmt.Errorf("%w: mark the hash: it answered %T", ErrUnavailable, replies[1])
	}
	fields, err = c.scanFrom(ctx, replies[2])
	return fields, mark, err
}

// decodePeople reads the hash of people. A value that does not parse counts as
// one that lists nothing, under its version.
func decodePeople(fields []string) map[string]value {
	people := make(map[string]value, len(fields)/4)
	for i := 0; i+1 < len(fields); i += 2 {
		field, text := fields[i], fields[i+1]
		if isEmailField(field) { // or the record
			continue
		}
		v, ok := decodeValue(text)
		marks := marksOf(text)
		if v.mark = marks.mark; !ok {
			v.Version = marks.Version
		}
		people[field] = v
	}
	return people
}

// Mark names the state that a snapshot was found equal to. It holds no one's
// data, so it may pass through a workflow engine's storage: see Propose.
type Mark struct {
	State string `json:"state"`
}

// Proposal is what changes if a snapshot replaces what the cache holds.
type Proposal struct{ plan *plan }

// Compare says what changes. Write does it, in the process that compared.
func (c *Cache) Compare(base Base, s Snapshot) *Proposal {
	return &Proposal{c.plan(s, base)}
}

// Propose compares for a process that may not live until the writing. It reports
// whether the cache already holds the snapshot and needs no renewal: then Confirm
// is all there is to do. Otherwise it has staged what changes for Commit: its size
// is in proportion to that, not to the team. What is too large is not staged, and Commit
// answers ErrNotStaged. A state that says whose timers could not be read is staged too,
// so that no mark names anybody. also are commands to send in the same round trip; their
// replies do not matter. The error wraps ErrUnavailable.
func (c *Cache) Propose(ctx context.Context, runID string, base Base, s Snapshot, also ...[]any) (Mark, bool, error) {
	p := c.plan(s, base)
	same := p.empty() && len(base.state.UnreadableOf) == 0
	cmds := slices.Clone(also)
	if !same {
		packed, err := p.pack()
		if err != nil {
			return Mark{}, false, err
		}
		if len(packed) <= c.maxStaged {
			cmds = append(cmds, []any{"SET", stagingKey(runID), packed, "EX", int(stagingLife / time.Second)})
		}
	}
	if len(cmds) == 0 {
		return Mark{base.raw}, same, nil
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
	return Mark{base.raw}, same, nil
}

// pack is the plan as it is staged.
func (p *plan) pack() (string, error) {
	encoded, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("stage snapshot: %w", err)
	}
	packed, err := deflate(encoded)
	if err != nil {
		return "", fmt.Errorf("stage snapshot: %w", err)
	}
	return packed, nil
}

// staged returns a run's plan, or ErrNotStaged.
func (c *Cache) staged(ctx context.Context, runID string) (p *plan, err error) {
	read, err := c.mget(ctx, stagingKey(runID))
	if err != nil {
		return nil, err
	}
	if read[0] == "" {
		return nil, ErrNotStaged
	}
	encoded, err := inflate(read[0])
	if err == nil {
		err = json.Unmarshal(encoded, &p)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNotStaged, err)
	case p == nil || marksOf(p.State).Epoch == "":
		return nil, fmt.Errorf("%w: not staged by this version", ErrNotStaged)
	}
	return p, nil
}
