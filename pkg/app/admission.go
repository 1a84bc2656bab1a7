package app

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/web"
)

// load is what a request costs.
type load int

const (
	light  load = iota // nothing but Redis, or what a cache mostly has
	costly             // an upstream's time
)

// newLimits returns nil if RATE_LIMIT is off.
func (d *Deps) newLimits() *ratelimit.Limiter {
	if !d.Config.RateLimit {
		return nil
	}
	return ratelimit.New(d.Redis, ownerKey(d.Config), d.Now, d.Log)
}

// admit counts a request for its caller and for its address, in this process.
// What all instances count together is still to be asked of in.pass.
func (d *Deps) admit(in *Request, l load) (err error) {
	claims := append(d.claims(in, l), ratelimit.Claim{Policy: &ratelimit.PerAddress, Kind: "address", Value: d.address(in.Request)})
	in.pass, err = d.Limits.Admit(claims...)
	return err
}

// claims are the caller's quota and, for what costs an upstream's time, the one
// count that all instances share. That is the caller's own if they are known. A
// caller whom nobody has checked, by the Clockwork token that they bring, could
// be another one each time: their address is counted.
func (d *Deps) claims(in *Request, l load) []ratelimit.Claim {
	claims := make([]ratelimit.Claim, 0, 3)
	if caller, known := callerClaim(in, l); known {
		caller.Shared = l == costly && in.Caller.Known
		claims = append(claims, caller)
	}
	if l == costly && !in.Caller.Known {
		claims = append(claims, ratelimit.Claim{Policy: &ratelimit.CostlyPerAddress, Kind: "address", Value: d.address(in.Request), Shared: true})
	}
	return claims
}

// callerClaim is the quota that the caller has as a person.
func callerClaim(in *Request, l load) (claim ratelimit.Claim, known bool) {
	switch {
	case l == light:
		claim.Policy = &ratelimit.Reads
	case in.Method == http.MethodGet:
		claim.Policy = &ratelimit.Lookups
	default:
		claim.Policy = &ratelimit.Writes
	}
	switch {
	case in.Caller.Known:
		claim.Kind, claim.Value = "user", in.Caller.UserID
	case !in.Caller.ClockworkToken.IsZero():
		claim.Kind, claim.Value = "token", in.Caller.ClockworkToken.Reveal()
	default:
		return claim, false
	}
	return claim, true
}

// address is where a request comes from.
func (d *Deps) address(r *http.Request) string { return auth.Address(r, d.Config.Deployed()) }

// AdmitDeepHealth bounds how often one address may have every dependency asked.
func (d *Deps) AdmitDeepHealth(ctx context.Context, in *Request) (err error) {
	in.pass, err = d.Limits.Admit(ratelimit.Claim{Policy: &ratelimit.DeepHealth, Kind: "address", Value: d.address(in.Request), Shared: true})
	if err != nil {
		return err
	}
	return in.pass.Ask(ctx)
}

func rateLimited(limited *ratelimit.Exceeded, cause error) *web.Error {
	return &web.Error{Status: http.StatusTooManyRequests, Code: "RATE_LIMITED", RetryAfter: limited.RetryAfter, Err: cause,
		Message: "Too many requests. Wait a little before the next."}
}
