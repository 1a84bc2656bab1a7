package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/internal/sleep"
)

// Errors of logging in.
var (
	ErrNoLogin    = errors.New("JWT_SECRET or AUTH_USERS is not set")
	ErrWrongLogin = errors.New("no user has this name and password")
	// ErrLoginBusy means that too many passwords wait to be checked.
	ErrLoginBusy = errors.New("too many logins at the same time")
)

// TooManyAttempts refuses a login before its password is checked.
type TooManyAttempts struct{ RetryAfter time.Duration }

func (e *TooManyAttempts) Error() string {
	return fmt.Sprintf("too many attempts to log in, the next in %s", e.RetryAfter)
}

// LoggedIn is a login that succeeded.
type LoggedIn struct {
	User users.User
	// Device is the token by which the device is known at the next login.
	Device string
}

// Credentials are what somebody logs in with.
type Credentials struct {
	Username, Password string
	Address            string
	// Devices are the device's tokens; wrong ones are ignored.
	Devices []string
}

// maxWaiting bounds how many passwords from unknown devices wait to be checked: about a
// second's work of hashes that hash-password made.
const maxWaiting = 50

// Login checks usernames and passwords; see NewLogin.
type Login struct {
	users    users.List
	attempts *Attempts
	devices  Devices
	matches  func(h password.Hash, text string) bool
	sleep    func(ctx context.Context, wait time.Duration) error

	unknown, known *checks
}

// NewLogin returns a login for those users. An empty list makes one that answers
// ErrNoLogin.
func NewLogin(list users.List, attempts *Attempts, devices Devices) *Login {
	return &Login{users: list, attempts: attempts, devices: devices, matches: password.Hash.Matches, sleep: sleep.For,
		// Half of the machine is enough for strangers: the other routes, and those
		// whose device is known, must not wait for them.
		unknown: newChecks(max(1, runtime.GOMAXPROCS(0)/2)), known: newChecks(1)}
}

// LogIn returns the user if the password is theirs: else ErrNoLogin, ErrWrongLogin, ErrLoginBusy
// or *TooManyAttempts. An unknown name is treated as a wrong password in
// everything, the work and the counting too.
func (l *Login) LogIn(ctx context.Context, in Credentials) (LoggedIn, error) {
	if l.users.Len() == 0 || len(l.devices.Secrets) == 0 {
		return LoggedIn{}, ErrNoLogin
	}
	device, queue := l.devices.find(in.Username, in.Devices), l.unknown
	if device != "" {
		queue = l.known
	}
	attempt := l.attempts.of(in.Username, in.Address, device)
	refused, delay := attempt.take(ctx)
	if refused > 0 {
		return LoggedIn{}, &TooManyAttempts{RetryAfter: refused}
	}
	user, hash, found := l.users.Find(in.Username)
	var matches bool
	err := l.sleep(ctx, delay)
	if err == nil {
		err = queue.do(ctx, func() { matches = l.matches(hash, in.Password) })
	}
	switch {
	case err != nil: // nothing was guessed
		attempt.refund(context.WithoutCancel(ctx))
		return LoggedIn{}, fmt.Errorf("wait to check a password: %w", err)
	case !matches || !found:
		return LoggedIn{}, ErrWrongLogin
	}
	attempt.refund(ctx)
	return LoggedIn{user, l.devices.issue(in.Username, device)}, nil
}

// checks bounds the CPU and the memory that checking passwords takes: each needs
// a core, and 19 MiB if hash-password made the hash.
type checks struct {
	slots   chan struct{}
	waiting atomic.Int32
}

func newChecks(atOnce int) *checks { return &checks{slots: make(chan struct{}, atOnce)} }

// do waits for its turn and does the work of one check.
func (c *checks) do(ctx context.Context, check func()) error {
	defer c.waiting.Add(-1)
	if c.waiting.Add(1) > int32(maxWaiting+cap(c.slots)) {
		return ErrLoginBusy
	}
	if ctx.Err() != nil {
		return ctx.Err() // the caller is gone: select could choose the work
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
		check()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
