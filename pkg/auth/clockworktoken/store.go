// Package clockworktoken stores a person's Clockwork token, encrypted, if they ask for
// it: then they paste its 80 characters once. Whose a token really is, package
// timercontrol knows.
package clockworktoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/secret/sealed"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// ErrNone means that no token is stored that can be read: none was saved, or the
// key that sealed it is gone.
var ErrNone = errors.New("no Clockwork token is stored")

// ErrRefused means that Clockwork did not accept the stored token, which is deleted.
var ErrRefused = errors.New("clockwork does not accept the stored token")

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
	Value   secret.Text
	Saved   time.Time
	account string
	sealed  string // as it is stored
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
	text, err := s.Box.Seal(Key(account), plain)
	if err != nil {
		return err
	}
	if _, err := s.Redis.Do(ctx, append([]any{"SET", Key(account), text}, options...)...); err != nil {
		return fmt.Errorf("store token: %w", err)
	}
	return nil
}

// Enabled reports whether tokens can be stored here.
func (s Store) Enabled() bool { return s.Box.HasKey() }

// Load returns the account's token, or ErrNone.
func (s Store) Load(ctx context.Context, account string) (Token, error) {
	reply, err := s.Redis.Do(ctx, "GET", Key(account))
	if err != nil {
		return Token{}, fmt.Errorf("read stored token: %w", err)
	}
	return s.Open(ctx, account, reply)
}

// Open decrypts what Redis holds under the account's Key, or returns ErrNone. A
// token that an earlier key has sealed is sealed again with the current one.
func (s Store) Open(ctx context.Context, account string, value any) (Token, error) {
	text, _ := value.(string)
	plain, old, ok := s.Box.Open(Key(account), text)
	var r record
	if !ok || json.Unmarshal(plain, &r) != nil || r.Token == "" {
		return Token{}, ErrNone
	}
	if old {
		_ = s.write(ctx, account, r, "XX") // the next use tries again
	}
	return Token{secret.New(r.Token), r.Saved, account, text}, nil
}

const discardScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

// Failed deletes the token if err says that Clockwork does not accept it: then the
// error is ErrRefused. Any other error is returned as it is.
func (s Store) Failed(ctx context.Context, t Token, err error) error {
	refused, ok := errors.AsType[*upstream.Error](err)
	if !ok || refused.Upstream != "clockwork" || refused.Code == upstream.CodeBadBody ||
		refused.Status != http.StatusUnauthorized && refused.Status != http.StatusForbidden {
		return err
	}
	return fmt.Errorf("%w: %w", ErrRefused, errors.Join(err, s.Discard(ctx, t)))
}

// Discard deletes the token, unless another was saved meanwhile.
func (s Store) Discard(ctx context.Context, t Token) error {
	_, err := s.Redis.Do(context.WithoutCancel(ctx), "EVAL", discardScript, 1, Key(t.account), t.sealed)
	return err
}

// Delete forgets the account's token, and says whether there was one.
func (s Store) Delete(ctx context.Context, account string) (bool, error) {
	reply, err := s.Redis.Do(ctx, "DEL", Key(account))
	if err != nil {
		return false, fmt.Errorf("delete stored token: %w", err)
	}
	return reply == int64(1), nil
}

// Key is where the account's token is stored.
func Key(account string) string { return "clockwork:secret:" + account + ":clockwork" }
