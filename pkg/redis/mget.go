package redis

import (
	"context"
	"fmt"
)

// GetAll reads keys in one command: their strings, "" for a missing one.
func GetAll(ctx context.Context, r interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}, keys []string) ([]string, error) {
	reply, err := r.Do(ctx, MGet(keys)...)
	if err != nil {
		return nil, err
	}
	return Texts(reply, len(keys))
}

// MGet is the command that reads keys.
func MGet(keys []string) []any {
	cmd := append(make([]any, 0, len(keys)+1), "MGET")
	for _, key := range keys {
		cmd = append(cmd, key)
	}
	return cmd
}

// Texts are the n strings of a reply, "" for a missing one. The error is the reply, if
// that is one, or says that the reply is something else.
func Texts(reply any, n int) ([]string, error) {
	if failed, ok := reply.(error); ok {
		return nil, failed
	}
	items, ok := reply.([]any)
	if !ok || len(items) != n {
		return nil, fmt.Errorf("an answer of type %T for %d values", reply, n)
	}
	values := make([]string, n)
	for i, item := range items {
		if values[i], ok = item.(string); !ok && item != nil {
			return nil, fmt.Errorf("an answer of type %T for a value", item) // no text is not no value
		}
	}
	return values, nil
}
