// Package storedtoken holds a person's Clockwork token, encrypted, if they asked
// for it: so that nobody has to paste 80 characters each day. It does not know
// whose a token is.
package storedtoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/secret/sealed"
)

// ErrNone means that no token is stored that can be read: none was saved, or the
// key that sealed it is gone.
var ErrNone = errors.New("no Clockwork token is stored")

// Store keeps one token for each account.
type Store struct {
	Redis interface {
		Do(ctx context.Context, cmd ...any) (any, error)
	}
	Box sealed.Box
	Now func() time.Time
}

// Token is a stored token.
type Token struct {
	Value secret.Text
	Saved time.Time
}

type record struct {
	Token string    `json:"token"`
	Saved time.Time `json:"saved"`
}

// Save stores the token of an account, in place of an earlier one. Without an
// encryption key the error is sealed.ErrNoKey.
func (s Store) Save(ctx context.Context, account string, token secret.Text) error {
	return s.write(ctx, account, record{token.Reveal(), s.Now().UTC().Truncate(time.Second)})
}

func (s Store) write(ctx context.Context, account string, r record, options ...any) error {
	plain, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode stored token: %w", err)
	}
	text, err := s.Box.Seal(key(account), plain)
	if err != nil {
		return err
	}
	if _, err := s.Redis.Do(ctx, append([]any{"SET", key(account), text}, options...)...); err != nil {
		return fmt.Errorf("store token: %w", err)
	}
	return nil
}

// Load returns the account's token, or ErrNone. One that an earlier key has
// sealed is sealed again with the current one.
func (s Store) Load(ctx context.Context, account string) (Token, error) {
	reply, err := s.Redis.Do(ctx, "GET", key(account))
	if err != nil {
		return Token{}, fmt.Errorf("read stored token: %w", err)
	}
	text, _ := reply.(string)
	plain, old, ok := s.Box.Open(key(account), text)
	var r record
	if !ok || json.Unmarshal(plain, &r) != nil || r.Token == "" {
		return Token{}, ErrNone
	}
	if old {
		_ = s.write(ctx, account, r, "XX") // the next use tries again
	}
	return Token{secret.New(r.Token), r.Saved}, nil
}

// Delete forgets the account's token, and says whether there was one.
func (s Store) Delete(ctx context.Context, account string) (bool, error) {
	reply, err := s.Redis.Do(ctx, "DEL", key(account))
	if err != nil {
		return false, fmt.Errorf("delete stored token: %w", err)
	}
	return reply == int64(1), nil
}

func key(account string) string { return "clockwork:secret:" + account + ":clockwork" }
