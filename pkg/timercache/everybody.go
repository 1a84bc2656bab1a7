package timercache

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
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
func (c *Cache) scan(ctx context.Context) ([]string, error) {
	page, err := c.redis.Do(ctx, scanCommand("0")...)
	switch {
	case isString(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%w: hscan: %w", ErrUnavailable, err)
	}
	return c.scanFrom(ctx, page)
}

// scanFrom reads on after the first page.
func (c *Cache) scanFrom(ctx context.Context, page any) (fields []string, err error) {
	for {
		cursor, more, err := scanPage(page)
		if err != nil {
			return nil, err
		}
		if fields = append(fields, more...); cursor == "0" {
			return fields, nil
		}
		if page, err = c.redis.Do(ctx, scanCommand(cursor)...); err != nil {
			return nil, fmt.Errorf("%w: hscan: %w", ErrUnavailable, err)
		}
	}
}

// isString reports that the key of the hash holds an earlier version's string,
// which lists nobody to this one.
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

// everybody returns all timers. The hash of people is the truth about them: if
// it lacks the sync record, it was lost, and nobody knows what runs.
func (c *Cache) everybody(ctx context.Context) (Page, error) {
	fields, err := c.scan(ctx)
	if err != nil {
		return Page{}, err
	}
	now := c.clock()
	var state syncState
	timers := make([]canonical, 0, len(fields)) // two of each person, whose address is a field too
	var content uint64
	size := 2
	seen := make(map[string]bool, len(fields)/2)
	for i := 0; i+1 < len(fields); i += 2 {
		field, text := fields[i], fields[i+1]
		switch {
		case field == stateField:
			state, _ = c.sync.decode(text)
		case strings.HasPrefix(field, stateField), seen[field]: // an address; read twice while the hash grew
		default:
			seen[field] = true
			own, ok := storedOf(text)
			if !ok {
				return Page{}, fmt.Errorf("%w: the stored timers of one person do not parse", ErrUnavailable)
			}
			others := len(timers)
			if timers, err = own.split(timers, now); err != nil {
				return Page{}, err
			}
			if len(timers) > others {
				content ^= fingerprint(field, own.Version)
			}
			size += len(own.timers) + 8*(len(timers)-others)
		}
	}
	page := Page{Status: statusOf(all, state, state.fresh(now), now), Timers: []byte("[]")}
	if page.SyncedAt != nil {
		slices.SortFunc(timers, func(a, b canonical) int { return newestFirst(&a, &b) })
		page.Timers = appendTimers(make([]byte, 0, size), timers)
		page.Degraded = state.Unnamed && anyUnnamed(page.Timers)
	}
	page.ETag = page.etag(strconv.FormatUint(content, 36))
	return page, nil
}

// fingerprint tells one person's value from another's, and from their own other
// ones (FNV-1a). All together they are everybody's version.
func fingerprint(account string, version int64) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(account))
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, uint64(version)))
	return h.Sum64()
}
