package timercache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	var part []*string
	size := 0
	for _, text := range b.texts() {
		if size > 0 && size+len(*text) > c.maxRequest {
			if err := c.stagePart(ctx, runID, part); err != nil {
				return err
			}
			part, size = nil, 0
		}
		part, size = append(part, text), size+len(*text)
	}
	return c.stagePart(ctx, runID, part)
}

// stagePart writes one part. Its key is made from its content: two writers of
// one run never take each other's texts for their own.
func (c *Cache) stagePart(ctx context.Context, runID string, part []*string) error {
	encoded, err := json.Marshal(part)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(encoded)
	key := stagingKey(runID) + ":" + hex.EncodeToString(sum[:16])
	for i, text := range part {
		*text = "@" + strconv.Itoa(i+1) + "@" + key
	}
	return c.setStaged(ctx, key, string(encoded))
}

func (c *Cache) setStaged(ctx context.Context, key, value string) error {
	if _, err := c.redis.Do(ctx, "SET", key, value, "EX", int(stagingLife/time.Second)); err != nil {
		return fmt.Errorf("%w: stage: %w", ErrUnavailable, err)
	}
	return nil
}
