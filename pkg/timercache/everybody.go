package timercache

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/bits"
	"strconv"
	"strings"
)

// scanCount is how many fields of the hash of people one reply may hold: two for
// each of 5,000 people, the record, and one more: Redis stops when it has so many,
// before it knows that these are all. That is some 6 MB if all run something;
// Upstash's limit is 10 MB.
const scanCount = 2*5_000 + 2

// scan reads the hash of people: field, value, field, value. One command reads up
// to 5,000 people. What changes during more than one is read before or after its
// change; what stays is read at least once.
//
// Commands in also are sent in the same round trip; replies has their replies.
func (c *Cache) scan(ctx context.Context, also ...[]any) (fields []string, replies []any, err error) {
	replies = make([]any, 1)
	if len(also) == 0 {
		replies[0], err = c.redis.Do(ctx, scanCommand("0")...)
	} else {
		replies, err = c.redis.Pipeline(ctx, append([][]any{scanCommand("0")}, also...)...)
	}
	switch {
	case isString(err):
		return nil, nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("%w: hscan: %w", ErrUnavailable, err)
	case len(replies) != 1+len(also):
		return nil, nil, fmt.Errorf("%w: hscan: %d replies", ErrUnavailable, len(replies))
	}
	if failed, _ := replies[0].(error); !isString(failed) {
		fields, err = c.scanFrom(ctx, replies[0])
	}
	return fields, replies[1:], err
}

// scanFrom reads on after the first page.
func (c *Cache) scanFrom(ctx context.Context, page any) (fields []string, err error) {
	for {
		cursor, more, err := scanPage(page)
		if err != nil {
			return nil, err
		}
		if fields == nil {
			fields = more // mostly all
		} else {
			fields = append(fields, more...)
		}
		if cursor == "0" {
			return fields, nil
		}
		if page, err = c.redis.Do(ctx, scanCommand(cursor)...); err != nil {
			return nil, fmt.Errorf("%w: hscan: %w", ErrUnavailable, err)
		}
	}
}

// isString reports that the key has the string of an earlier version of this program,
// which counts as no timers.
func isString(err error) bool { return err != nil && strings.Contains(err.Error(), "WRONGTYPE") }

func scanCommand(cursor string) []any { return []any{"HSCAN", peopleKey, cursor, "COUNT", scanCount} }

func scanPage(reply any) (cursor string, fields []string, err error) {
	if failed, ok := reply.(error); ok {
		return "", nil, fmt.Errorf("%w: hscan: %w", ErrUnavailable, failed)
	}
	page, ok := reply.([]any)
	if !ok || len(page) != 2 {
		return "", nil, fmt.Errorf("%w: hscan answered %T", ErrUnavailable, reply)
	}
	cursor, ok = page[0].(string)
	if !ok {
		return "", nil, fmt.Errorf("%w: hscan answered a cursor of type %T", ErrUnavailable, page[0])
	}
	items, ok := page[1].([]any)
	if !ok {
		return "", nil, fmt.Errorf("%w: hscan answered %T for fields", ErrUnavailable, page[1])
	}
	fields, err = texts(items, len(items)/2*2)
	return cursor, fields, err
}

// Detail is how much of somebody a reader is shown.
type Detail int

// The details, from all to nothing.
const (
	Everything Detail = iota
	NoComments
	StatusOnly // that they work, and nothing of what they work on
	Nothing
)

// Version makes a version differ by detail, because different things are shown of it.
func (d Detail) Version(version uint64) uint64 { return bits.RotateLeft64(version, 16*int(d)) }

// Team is everybody's timers.
type Team struct {
	Status       // without an ETag: that follows what is shown
	*People      // without a sync of the last day there are none
	Unnamed bool // some timers lack names because Jira did not answer
}

// Team reads everybody with one command. Commands in also are sent in the same round
// trip; their replies come back. The error wraps ErrUnavailable.
func (c *Cache) Team(ctx context.Context, also ...[]any) (Team, []any, error) {
	fields, replies, err := c.scan(ctx, also...)
	if err != nil {
		return Team{}, nil, err
	}
	found, err := c.last.update(fields)
	if err != nil {
		return Team{}, nil, err
	}
	now := c.clock()
	state, _ := c.sync.decode(found.sync)
	team := Team{Status: statusOf(all, state, state.fresh(now), now), People: found, Unnamed: state.Unnamed}
	if team.SyncedAt == nil { // no usable sync: then nobody knows what runs
		team.People = &People{}
	}
	team.Unreadable = team.Unreadable || team.unsure
	return team, replies, nil
}

// Page encodes everybody's timers, newest first, as far as detail lets them be shown.
func (t Team) Page(detail func(accountID string) Detail) Page {
	page := Page{Status: t.Status, Timers: make([]byte, 0, t.size+8*len(t.timers)+2)}
	page.Timers = append(page.Timers, '[')
	for i := range t.timers {
		one := &t.timers[i]
		shown := detail(one.mate.AccountID)
		if shown > NoComments {
			continue
		}
		if len(page.Timers) > 1 {
			page.Timers = append(page.Timers, ',')
		}
		page.Timers = one.appendAt(page.Timers, *t.CachedAt, shown == Everything)
	}
	page.Timers = append(page.Timers, ']')
	var content uint64
	for _, m := range t.Mates {
		if shown := detail(m.AccountID); len(m.timers) > 0 && shown <= NoComments {
			content ^= shown.Version(m.Version)
		}
	}
	page.Degraded = t.Unnamed && anyUnnamed(page.Timers)
	page.ETag = page.Tag(strconv.FormatUint(content, 36))
	return page
}

// everybody returns all timers.
func (c *Cache) everybody(ctx context.Context) (Page, error) {
	team, _, err := c.Team(ctx)
	if err != nil {
		return Page{}, err
	}
	return team.Page(func(string) Detail { return Everything }), nil
}

// fingerprint distinguishes one person's value from another's, and from their other
// ones (FNV-1a). All together they are everybody's version.
func fingerprint(account string, version int64) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(account))
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, uint64(version)))
	return h.Sum64()
}
