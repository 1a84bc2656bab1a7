package auth

import (
	"context"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/password"
)

// The limits and bounds that tests count up to.
const (
	MaxWaiting = maxWaiting
	Slowest    = slowest
)

var (
	PerPair    = perPair
	PerAddress = perAddress
	PerName    = perName
	PerDevice  = perDevice
)

// SetMatches replaces the work of a check.
func (l *Login) SetMatches(matches func(password.Hash, string) bool) { l.matches = matches }

// SetSleep replaces the waiting for a name that is under attack.
func (l *Login) SetSleep(sleep func(context.Context, time.Duration) error) { l.sleep = sleep }

// SetUnknown replaces how many passwords from unknown devices are checked at once.
func (l *Login) SetUnknown(atOnce int) { l.unknown = newChecks(atOnce) }

// Attempt is one login under way.
type Attempt = attempt

func (a *Attempts) Of(username, address string) *Attempt { return a.of(username, address, "") }
func (a *Attempts) OfDevice(id string) *Attempt          { return a.of("", "", id) }

// Take is the wait in whole seconds, rounded up as in Retry-After.
func (t *attempt) Take(ctx context.Context) time.Duration {
	refused, _ := t.take(ctx)
	return inSeconds(refused)
}

func (t *attempt) Delay(ctx context.Context) (refused, delay time.Duration) {
	refused, delay = t.take(ctx)
	return inSeconds(refused), inSeconds(delay)
}

func inSeconds(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }

func (t *attempt) GiveBack(ctx context.Context) { t.refund(ctx) }

func (a *Attempts) PairKey(username, address string) string {
	return a.of(username, address, "").counts[0].Key
}
func (a *Attempts) AddressKey(address string) string { return a.of("", address, "").counts[1].Key }
func (a *Attempts) NameKey(username string) string   { return a.of(username, "", "").name[0].Key }
func (a *Attempts) Local() int                       { return a.others.Len() + a.devices.Len() }

// Issue is a device's token for a name.
func (d Devices) Issue(username, id string) string { return d.issue(username, id) }

// Find is the device that a token proves.
func (d Devices) Find(username string, tokens ...string) string { return d.find(username, tokens) }
