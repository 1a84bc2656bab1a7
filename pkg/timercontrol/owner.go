package timercontrol

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/redis"
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
	// Keys are the keys of the HMAC, the current one first: what an earlier one has
	// written is found as well.
	Keys []*keyed.Key
}

// ErrTaken means that the token is bound to another account.
var ErrTaken = errors.New("the Clockwork token is bound to another account")

// Claim binds the token to the account for 30 days, or renews that. The first
// account that a token is bound to keeps it: the error for another is ErrTaken. What a
// sync has disproved may be claimed again, by anybody: the next sync decides again.
func (s OwnerStore) Claim(ctx context.Context, token secret.Text, accountID string) error {
	current, life := s.keys(token)[0], int(timercache.BindingLife/time.Second)
	held, at, err := s.find(ctx, token)
	if err == nil && held.Disproved {
		_, err = s.Redis.Do(ctx, "DEL", at)
		held = timercache.Binding{}
	}
	switch {
	case err != nil:
	case held.Account == accountID && at == current:
		_, err = s.Redis.Do(ctx, "EXPIRE", at, life)
	case held.Account == "", held.Account == accountID:
		held.Account = accountID
		var set any
		if set, err = s.Redis.Do(ctx, "SET", current, held.Record(), "NX", "EX", life); err == nil && set == nil {
			held, _, err = s.find(ctx, token) // somebody else was faster
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("bind token to its owner: %w", err)
	case held.Account != accountID:
		return ErrTaken
	}
	return nil
}

// Find returns whose the token is, as far as that is known.
func (s OwnerStore) Find(ctx context.Context, token secret.Text) (timercache.Binding, error) {
	held, _, err := s.find(ctx, token)
	return held, err
}

func (s OwnerStore) find(ctx context.Context, token secret.Text) (held timercache.Binding, at string, err error) {
	keys := s.keys(token)
	records, err := redis.GetAll(ctx, s.Redis, keys)
	for i, record := range records {
		if record != "" {
			return timercache.ParseBinding(record), keys[i], nil
		}
	}
	return timercache.Binding{}, "", err
}

// keys are where the token's binding may be stored, the current place first.
func (s OwnerStore) keys(token secret.Text) []string { return bindingKeys(s.names(token)) }

// bindingKeys are the Redis keys of a token's binding, one for each of the token's names.
func bindingKeys(names []string) []string {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = timercache.BindingKey(name)
	}
	return keys
}

// names are the HMACs of the token, by the current key first.
func (s OwnerStore) names(token secret.Text) []string {
	names := make([]string, len(s.Keys))
	for i, key := range s.Keys {
		names[i] = hex.EncodeToString(key.Sum(token.Reveal()))
	}
	return names
}
