// Package credential holds what sessions and personal access tokens have in common. A
// person has several: each is a record in Redis with its own lifetime, and a set lists
// their ids. When one ends, the realtime servers are notified.
package credential

import (
	"context"
	"fmt"

	"github.com/clockwork-timer/backend/pkg/redis"
)

// Redis is what an index needs of a Redis client.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
	Pipeline(ctx context.Context, cmds ...[]any) ([]any, error)
}

// Index finds the records of a person.
type Index struct {
	Redis  Redis
	Set    string // what the key of a person's set begins with
	Record string // what the key of a record begins with
}

// Entry is a record as Redis holds it.
type Entry struct{ ID, Text string }

// Add stores the record with that command, and its id for life seconds, which is
// at least what any record lives. It costs three commands.
func (x Index) Add(ctx context.Context, userID, id string, life int64, set []any) error {
	_, err := x.Redis.Pipeline(ctx, set, []any{"SADD", x.Set + userID, id}, []any{"EXPIRE", x.Set + userID, life})
	return err
}

// Entries returns the person's records. It costs two commands, and one more if
// some have expired since the last time.
func (x Index) Entries(ctx context.Context, userID string) ([]Entry, error) {
	ids, err := x.IDs(ctx, userID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = x.Record + id
	}
	records, err := redis.GetAll(ctx, x.Redis, keys)
	if err != nil {
		return nil, err
	}
	var found []Entry
	expired := []any{"SREM", x.Set + userID}
	for i, record := range records {
		if record != "" {
			found = append(found, Entry{ids[i], record})
		} else {
			expired = append(expired, ids[i])
		}
	}
	if len(expired) > 2 {
		_, _ = x.Redis.Do(ctx, expired...) // the next time tries again
	}
	return found, nil
}

// IDs returns the ids of the person's records, some of which may have expired.
func (x Index) IDs(ctx context.Context, userID string) ([]string, error) {
	reply, err := x.Redis.Do(ctx, "SMEMBERS", x.Set+userID)
	if err != nil {
		return nil, err
	}
	members, ok := reply.([]any)
	if !ok {
		return nil, fmt.Errorf("SMEMBERS answered %T", reply)
	}
	ids := make([]string, 0, len(members))
	for _, m := range members {
		if id, ok := m.(string); ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Remove deletes records of the person. It costs two commands.
func (x Index) Remove(ctx context.Context, userID string, ids ...string) error {
	del, unlist := []any{"DEL"}, []any{"SREM", x.Set + userID}
	for _, id := range ids {
		del, unlist = append(del, x.Record+id), append(unlist, id)
	}
	_, err := x.Redis.Pipeline(ctx, del, unlist)
	return err
}
