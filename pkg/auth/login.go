package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/auth/users"
)

// Errors of logging in.
var (
	ErrNoLogin    = errors.New("JWT_SECRET or AUTH_USERS is not set")
	ErrWrongLogin = errors.New("no user has this name and password")
)

// TooManyAttempts refuses a login before the password is looked at.
type TooManyAttempts struct{ RetryAfter time.Duration }

func (e *TooManyAttempts) Error() string {
	return fmt.Sprintf("too many attempts to log in, the next in %s", e.RetryAfter)
}

// Token is a login that succeeded.
type Token struct {
	AccessToken string
	ExpiresIn   time.Duration
	UserID      string
}

// checksAtOnce bounds the memory that one process spends on checking
// passwords: 19 MiB each where hash-password made the hashes.
const checksAtOnce = 4

// Login checks usernames and passwords and issues tokens; see NewLogin.
type Login struct {
	users    users.List
	signer   Signer
	attempts *Attempts
	matches  func(h password.Hash, text string) bool
	slots    chan struct{}
}

// NewLogin returns a login for those users. A signer without a secret, or a
// list without users, makes one that answers ErrNoLogin.
func NewLogin(list users.List, signer Signer, attempts *Attempts) *Login {
	return &Login{users: list, signer: signer, attempts: attempts, matches: password.Hash.Matches, slots: make(chan struct{}, checksAtOnce)}
}

// Enter returns a token where the password is that user's: ErrNoLogin,
// ErrWrongLogin or *TooManyAttempts where not. An unknown name is treated as a
// wrong password in everything, the work and the counting too.
func (l *Login) Enter(ctx context.Context, username, text, address string) (Token, error) {
	if l.signer.Secret == "" || l.users.Len() == 0 {
		return Token{}, ErrNoLogin
	}
	attempt := l.attempts.of(username, address)
	if wait := attempt.take(ctx); wait > 0 {
		return Token{}, &TooManyAttempts{RetryAfter: wait}
	}
	user, hash, found := l.users.Find(username)
	matches, err := l.check(ctx, hash, text)
	switch {
	case err != nil:
		return Token{}, err
	case !matches || !found:
		return Token{}, ErrWrongLogin
	}
	token, err := l.signer.Sign(user)
	if err != nil {
		return Token{}, err
	}
	attempt.giveBack(ctx)
	return Token{AccessToken: token, ExpiresIn: TokenLife, UserID: user.ID()}, nil
}

// check waits for its turn and does the work of one check.
func (l *Login) check(ctx context.Context, hash password.Hash, text string) (bool, error) {
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
		return l.matches(hash, text), nil
	case <-ctx.Done():
		return false, fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
}
