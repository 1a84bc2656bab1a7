package timercache

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
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

// everybody returns all timers. Callers who come at the same time share a read,
// and what it returns: many wait for the same event, and the hash may be large.
func (c *Cache) everybody(ctx context.Context) (Page, error) {
	return c.all.Do(ctx, c.readEverybody)
}

// readEverybody reads all timers. The hash of people is the truth about them: if
// it lacks the sync record, it was lost, and nobody knows what runs.
func (c *Cache) readEverybody(ctx context.Context) (Page, error) {
	fields, err := c.scan(ctx)
	if err != nil {
		return Page{}, err
	}
	found, err := c.last.update(fields)
	if err != nil {
		return Page{}, err
	}
	now := c.clock()
	state, _ := c.sync.decode(found.sync)
	page := Page{Status: statusOf(all, state, state.fresh(now), now), Timers: []byte("[]")}
	if page.SyncedAt != nil {
		page.Timers = appendTimers(make([]byte, 0, found.size+8*len(found.timers)+2), found.timers, now)
		page.Degraded = state.Unnamed && anyUnnamed(page.Timers)
	}
	page.ETag = page.etag(strconv.FormatUint(found.content, 36))
	return page, nil
}

// fingerprint distinguishes one person's value from another's, and from their other
// ones (FNV-1a). All together they are everybody's version.
func fingerprint(account string, version int64) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(account))
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, uint64(version)))
	return h.Sum64()
}
