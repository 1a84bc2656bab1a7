package app

import (
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/idempotency"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

// newLimits returns nil if RATE_LIMIT is off.
func (d *Deps) newLimits() *ratelimit.Limiter {
	if !d.Config.RateLimit {
		return nil
	}
	return ratelimit.New(d.Redis, d.Owners.Keys[0], d.Now, d.Log)
}

// leaseSlack is what a request may take beyond its deadline: what follows a
// change in Clockwork is still done then.
const leaseSlack = 10 * time.Second

func (d *Deps) newKeys() *idempotency.Store {
	return &idempotency.Store{Redis: d.Redis, Key: d.Owners.Keys[0], Lease: d.Deadlines.Request + leaseSlack, Log: d.Log}
}

// newLogin lets nobody in without a secret to sign their tokens with.
func (d *Deps) newLogin() *auth.Login {
	return auth.NewLogin(d.Config.Auth.Users, auth.NewAttempts(d.Redis, []byte(d.Signer.Secret), d.Now, d.Log),
		auth.Devices{Secrets: d.Verifier.Secrets, Now: d.Now})
}
