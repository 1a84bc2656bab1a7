package session

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// List returns the person's sessions, the last used first. It costs two
// commands, and one more if some have expired since the last list.
func (s *Store) List(ctx context.Context, userID string) ([]Session, error) {
	ids, err := s.ids(ctx, userID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	get := []any{"MGET"}
	for _, id := range ids {
		get = append(get, key(id))
	}
	reply, err := s.redis.Do(ctx, get...)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	values, ok := reply.([]any)
	if !ok || len(values) != len(ids) {
		return nil, fmt.Errorf("read sessions: the reply has the wrong form (%T)", reply)
	}
	var found []Session
	expired := []any{"SREM", indexKey(userID)}
	for i, value := range values {
		if one, err := decode(ids[i], value); err == nil && one.UserID == userID {
			found = append(found, one)
		} else {
			expired = append(expired, ids[i])
		}
	}
	if len(expired) > 2 {
		_, _ = s.redis.Do(ctx, expired...) // the next list tries again
	}
	slices.SortFunc(found, func(a, b Session) int {
		return cmp.Or(b.Used.Compare(a.Used), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

// End ends one session of the person, and says whether there was one. It costs
// three commands.
func (s *Store) End(ctx context.Context, userID, id string) (bool, error) {
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(id); err != nil || len(raw) != idSize {
		return false, nil
	}
	current, err := s.get(ctx, id)
	switch {
	case errors.Is(err, ErrEnded), err == nil && current.UserID != userID:
		return false, nil
	case err != nil:
		return false, err
	}
	return true, s.remove(ctx, userID, id)
}

func (s *Store) remove(ctx context.Context, userID string, ids ...string) error {
	del, unlist := []any{"DEL"}, []any{"SREM", indexKey(userID)}
	for _, id := range ids {
		del, unlist = append(del, key(id)), append(unlist, id)
	}
	if _, err := s.redis.Pipeline(ctx, del, unlist); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// EndAll ends all sessions of the person and returns their ids. It costs three
// commands.
func (s *Store) EndAll(ctx context.Context, userID string) ([]string, error) {
	ids, err := s.ids(ctx, userID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	if err := s.remove(ctx, userID, ids...); err != nil {
		return nil, err
	}
	return ids, nil
}

func (s *Store) ids(ctx context.Context, userID string) ([]string, error) {
	reply, err := s.redis.Do(ctx, "SMEMBERS", indexKey(userID))
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	members, ok := reply.([]any)
	if !ok {
		return nil, fmt.Errorf("list sessions: the reply has the wrong form (%T)", reply)
	}
	ids := make([]string, 0, len(members))
	for _, m := range members {
		if id, ok := m.(string); ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
