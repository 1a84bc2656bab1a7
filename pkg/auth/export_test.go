package auth

import (
	"context"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/password"
)

// The limits and bounds that tests count up to.
const (
	ChecksAtOnce = checksAtOnce
	MaxLocal     = maxLocal
)

var (
	PerUser    = perUser
	PerAddress = perAddress
)

// SetMatches replaces the work of a check.
func (l *Login) SetMatches(matches func(password.Hash, string) bool) { l.matches = matches }

// Attempt is one login under way.
type Attempt = attempt

func (a *Attempts) Of(username, address string) *Attempt { return a.of(username, address) }

// Take is the wait in whole seconds, rounded up as in Retry-After.
func (t *attempt) Take(ctx context.Context) time.Duration {
	return (t.take(ctx) + time.Second - 1).Truncate(time.Second)
}
func (t *attempt) GiveBack(ctx context.Context)      { t.giveBack(ctx) }
func (a *Attempts) UserKey(username string) string   { return a.of(username, "").counts[0].key }
func (a *Attempts) AddressKey(address string) string { return a.of("", address).counts[1].key }
func (a *Attempts) Local() int                       { return len(a.local.busy) }
