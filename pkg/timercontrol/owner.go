package timercontrol

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// OwnerStore remembers which account a Clockwork token was validated for.
// Clockwork has no call for that. The token itself is not stored, only its
// HMAC: without the key, one cannot test guesses against what Redis holds.
type OwnerStore struct {
	Redis interface {
		Do(ctx context.Context, cmd ...any) (any, error)
	}
	Key []byte
}

// ErrTaken means that the token is bound to another account.
var ErrTaken = errors.New("the Clockwork token is bound to another account")

// Claim binds the token to the account for 30 days, or renews that. The first
// account that a token is bound to keeps it: the error for another is ErrTaken.
func (s OwnerStore) Claim(ctx context.Context, token secret.Text, accountID string) error {
	key, life := s.key(token), int(timercache.BindingLife/time.Second)
	owner, err := s.owner(ctx, key)
	if err == nil && owner == "" {
		var set any
		if set, err = s.Redis.Do(ctx, "SET", key, accountID, "NX", "EX", life); err == nil && set == nil {
			owner, err = s.owner(ctx, key) // somebody else was faster
		} else {
			owner = accountID
		}
	} else if owner == accountID {
		_, err = s.Redis.Do(ctx, "EXPIRE", key, life)
	}
	switch {
	case err != nil:
		return fmt.Errorf("bind token to its owner: %w", err)
	case owner != accountID:
		return ErrTaken
	}
	return nil
}

// Seen reports whether a sync has found a timer of the account that the token
// started: only that proves whose the token is.
func (s OwnerStore) Seen(ctx context.Context, token secret.Text, accountID string) (bool, error) {
	value, err := s.Redis.Do(ctx, "GET", s.key(token))
	record, _ := value.(string)
	binding := timercache.ParseBinding(record)
	return err == nil && binding.Account == accountID && binding.Seen, err
}

func (s OwnerStore) owner(ctx context.Context, key string) (string, error) {
	value, err := s.Redis.Do(ctx, "GET", key)
	record, ok := value.(string)
	if err == nil && !ok && value != nil {
		err = fmt.Errorf("get answered %T", value)
	}
	return timercache.ParseBinding(record).Account, err
}

func (s OwnerStore) key(token secret.Text) string { return timercache.BindingKey(s.hmac(token)) }

func (s OwnerStore) hmac(token secret.Text) string {
	return hex.EncodeToString(keyed.Sum(s.Key, token.Reveal()))
}
