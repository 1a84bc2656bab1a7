package timercache

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// size is about how many bytes the batch's command takes.
func (b *batch) size() int {
	total := 0
	for _, text := range b.texts() {
		total += len(*text)
	}
	return total
}

// texts are the parts of a batch that may be large.
func (b *batch) texts() []*string {
	var texts []*string
	for i := range b.values {
		texts = append(texts, &b.values[i].value)
	}
	for i := range b.published {
		texts = append(texts, &b.published[i].text)
	}
	return texts
}

// stage makes a batch that is too large for one request small: it writes the
// texts, a part of at most maxRequest bytes at a time, to short-lived keys that
// only the script reads, and leaves references. So a write is atomic at any size.
func (c *Cache) stage(ctx context.Context, runID string, b *batch) error {
	var part []string
	size, number := 0, 0
	key := func() string { return stagingKey(runID) + ":" + strconv.Itoa(number) }
	flush := func() error {
		encoded, err := json.Marshal(part)
		if err != nil {
			return err
		}
		part, size = nil, 0
		err = c.setStaged(ctx, key(), string(encoded))
		number++
		return err
	}
	for _, text := range b.texts() {
		if size > 0 && size+len(*text) > c.maxRequest {
			if err := flush(); err != nil {
				return err
			}
		}
		part, size = append(part, *text), size+len(*text)
		*text = "@" + strconv.Itoa(len(part)) + "@" + key()
	}
	return flush()
}

func (c *Cache) setStaged(ctx context.Context, key, value string) error {
	if _, err := c.redis.Do(ctx, "SET", key, value, "EX", int(stagingLife/time.Second)); err != nil {
		return fmt.Errorf("%w: stage: %w", ErrUnavailable, err)
	}
	return nil
}
