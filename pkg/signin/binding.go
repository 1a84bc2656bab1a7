package signin

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/clockwork-timer/backend/pkg/internal/keyed"
)

// ErrConflict means that the account is bound to another identity of the same
// provider, or the identity to another account. An address that was given to
// somebody new must not inherit the account.
var ErrConflict = errors.New("the account is bound to another identity")

// Bindings remember which account an identity belongs to. From the first sign-in
// on the binding decides, and the e-mail address does not matter any more.
type Bindings struct {
	Redis interface {
		Do(ctx context.Context, cmd ...any) (any, error)
	}
	Key []byte // of the HMAC, so that Redis holds no subject in clear
}

// Account is the account that the identity is bound to; "" if to none. It costs
// one command.
func (b Bindings) Account(ctx context.Context, id Identity) (string, error) {
	return b.get(ctx, b.key("subject", id.Issuer, id.Subject))
}

// Bind binds the identity to an account, both ways and for good, unless one of
// them is bound elsewhere: ErrConflict. It costs three commands, or four.
func (b Bindings) Bind(ctx context.Context, id Identity, account string) error {
	bound, err := b.Account(ctx, id)
	switch {
	case err != nil:
		return err
	case bound != "" && bound != account:
		return ErrConflict // before the account is claimed for an identity that cannot have it
	}
	// The account first: if the second write fails, the next sign-in goes on here.
	if err := b.claim(ctx, b.key("account", id.Issuer, account), b.mac("subject", id.Issuer, id.Subject)); err != nil {
		return err
	}
	return b.claim(ctx, b.key("subject", id.Issuer, id.Subject), account)
}

func (b Bindings) claim(ctx context.Context, key, value string) error {
	set, err := b.Redis.Do(ctx, "SET", key, value, "NX")
	if err != nil {
		return fmt.Errorf("bind identity: %w", err)
	}
	if set != nil {
		return nil
	}
	bound, err := b.get(ctx, key)
	if err == nil && bound != value {
		err = ErrConflict
	}
	return err
}

func (b Bindings) get(ctx context.Context, key string) (string, error) {
	reply, err := b.Redis.Do(ctx, "GET", key)
	if err != nil {
		return "", fmt.Errorf("read identity: %w", err)
	}
	text, _ := reply.(string)
	return text, nil
}

func (b Bindings) key(parts ...string) string { return "clockwork:identity:" + b.mac(parts...) }

func (b Bindings) mac(parts ...string) string {
	var text strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&text, "%d:%s", len(p), p) // the length keeps ("ab", "c") from ("a", "bc")
	}
	return hex.EncodeToString(keyed.Sum(b.Key, text.String()))
}
