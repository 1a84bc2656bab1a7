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
	entries, err := s.index.Entries(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	var found []Session
	for _, e := range entries {
		if one, err := decode(e.ID, e.Text); err == nil && one.UserID == userID {
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(a, b Session) int {
		return cmp.Or(b.Used.Compare(a.Used), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

// Find returns a session of the person, or ErrEnded. It costs one command.
func (s *Store) Find(ctx context.Context, userID, id string) (Session, error) {
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(id); err != nil || len(raw) != idSize {
		return Session{}, ErrEnded
	}
	current, err := s.get(ctx, id)
	if err == nil && (current.UserID != userID || !s.now().Before(current.Ends)) {
		err = ErrEnded
	}
	return current, err
}

// End ends one session of the person, and says whether there was one. It costs
// three commands.
func (s *Store) End(ctx context.Context, userID, id string) (bool, error) {
	switch _, err := s.Find(ctx, userID, id); {
	case errors.Is(err, ErrEnded):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, s.remove(ctx, userID, id)
}

func (s *Store) remove(ctx context.Context, userID string, ids ...string) error {
	if err := s.index.Remove(ctx, userID, ids...); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// EndAll ends all sessions of the person and returns their ids. It costs three
// commands.
func (s *Store) EndAll(ctx context.Context, userID string) ([]string, error) {
	ids, err := s.index.IDs(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return ids, s.remove(ctx, userID, ids...)
}
