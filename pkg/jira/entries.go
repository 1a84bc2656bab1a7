package jira

import (
	"context"
	"encoding/json"
)

// entries are a list in Jira's answer. One entry that cannot be read is left
// out; a list of nothing else is an error.
type entries[T any] struct {
	list       []T
	unreadable int
}

// UnmarshalJSON reads each entry by itself.
func (e *entries[T]) UnmarshalJSON(b []byte) error {
	var all []json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	var lastErr error
	for _, raw := range all {
		var one T
		if err := json.Unmarshal(raw, &one); err != nil {
			lastErr = err
			e.unreadable++
			continue
		}
		e.list = append(e.list, one)
	}
	if len(e.list) == 0 {
		return lastErr
	}
	return nil
}

// size counts the entries as Jira sent them.
func (e *entries[T]) size() int { return len(e.list) + e.unreadable }

// reportUnreadable logs that entries of an answer were left out.
func (c *Client) reportUnreadable(ctx context.Context, op string, unreadable int) {
	if unreadable > 0 {
		c.log.WarnContext(ctx, "unreadable entries of jira left out", "op", op, "unreadable", unreadable)
	}
}
