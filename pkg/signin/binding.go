package signin

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/redis"
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
	// Earlier are secrets with which version 0.9.0 named its records. They were
	// rotated, so a name is a hash now: no rotation may forget whose an account is.
	Earlier []*keyed.Key
}

// Account is the account that the identity is bound to; "" if to none. It costs
// one command.
func (b Bindings) Account(ctx context.Context, id Identity) (string, error) {
	accounts, err := b.read(ctx, "subject", id.Issuer, id.Subject)
	bound := cmp.Or(accounts...)
	if err == nil && bound != "" && accounts[0] == "" {
		err = b.write(ctx, id, bound)
	}
	return bound, err
}

// Bind binds the identity to an account, both ways and for good, unless one of
// them is bound elsewhere: ErrConflict. It costs four commands.
func (b Bindings) Bind(ctx context.Context, id Identity, account string) error {
	accounts, err := b.read(ctx, "subject", id.Issuer, id.Subject)
	if err != nil {
		return err
	}
	subjects, err := b.read(ctx, "account", id.Issuer, account)
	if err != nil {
		return err
	}
	for i, key := range b.keys() {
		if accounts[i] != "" && accounts[i] != account || subjects[i] != "" && subjects[i] != name(key, "subject", id.Issuer, id.Subject) {
			return ErrConflict
		}
	}
	return b.write(ctx, id, account)
}

// write claims the account first: if the second write fails, the next sign-in goes
// on here.
func (b Bindings) write(ctx context.Context, id Identity, account string) error {
	subject := name(current, "subject", id.Issuer, id.Subject)
	if err := b.claim(ctx, keyPrefix+name(current, "account", id.Issuer, account), subject); err != nil {
		return err
	}
	return b.claim(ctx, keyPrefix+subject, account)
}

func (b Bindings) claim(ctx context.Context, key, value string) error {
	set, err := b.Redis.Do(ctx, "SET", key, value, "NX")
	var bound any
	if err == nil && set == nil {
		bound, err = b.Redis.Do(ctx, "GET", key)
	}
	switch {
	case err != nil:
		return fmt.Errorf("bind identity: %w", err)
	case set == nil && bound != value:
		return ErrConflict
	}
	return nil
}

// read returns what is stored under each of the names that the parts have.
func (b Bindings) read(ctx context.Context, parts ...string) ([]string, error) {
	var keys []string
	for _, key := range b.keys() {
		keys = append(keys, keyPrefix+name(key, parts...))
	}
	found, err := redis.GetAll(ctx, b.Redis, keys)
	if err != nil {
		return nil, fmt.Errorf("read identity: %w", err)
	}
	return found, nil
}

// current is the key of the names that are written now: it is empty.
var current = keyed.New(nil)

func (b Bindings) keys() []*keyed.Key { return append([]*keyed.Key{current}, b.Earlier...) }

const keyPrefix = "clockwork:identity:"

// name hides a subject in Redis.
func name(key *keyed.Key, parts ...string) string {
	var text strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&text, "%d:%s", len(p), p) // the length keeps ("ab", "c") from ("a", "bc")
	}
	return hex.EncodeToString(key.Sum(text.String()))
}
