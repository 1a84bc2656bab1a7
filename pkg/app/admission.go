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
	light       load = iota // nothing but Redis, or what a cache mostly has
	costly                  // an upstream's time
	costlyLater             // likewise; Redis is read first, and asked then
)

// newLimits returns nil where RATE_LIMIT is off.
func (d *Deps) newLimits(redis ratelimit.Commands) *ratelimit.Limiter {
	if !d.Config.RateLimit {
		return nil
	}
	return ratelimit.New(redis, ownerKey(d.Config), d.Now, d.Log)
}

// admit counts a request for its caller and for its address. A caller whom
// nobody has checked, by the Clockwork token that they bring, could be another
// one each time: what costs an upstream's time is bounded by the address too.
func (d *Deps) admit(ctx context.Context, in *Request, l load) (context.Context, error) {
	if d.Limits == nil {
		return ctx, nil
	}
	address := d.address(in.Request)
	claims := make([]ratelimit.Claim, 0, 3)
	if caller, known := callerClaim(in, l); known {
		claims = append(claims, caller)
	}
	if l != light && !in.Caller.Known {
		claims = append(claims, ratelimit.Claim{Policy: &ratelimit.CostlyPerAddress, Kind: "address", Value: address})
	}
	claims = append(claims, ratelimit.Claim{Policy: &ratelimit.PerAddress, Kind: "address", Value: address})
	var err error
	if in.pass, err = d.Limits.Admit(claims...); err == nil && l == costly {
		err = in.pass.Ask(ctx)
	}
	return ratelimit.With(ctx, in.pass), err
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
	if d.Limits == nil {
		return nil
	}
	in.pass, err = d.Limits.Admit(ratelimit.Claim{Policy: &ratelimit.DeepHealth, Kind: "address", Value: d.address(in.Request)})
	if err != nil {
		return err
	}
	return in.pass.Ask(ctx)
}

func rateLimited(limited *ratelimit.Exceeded, cause error) *web.Error {
	return &web.Error{Status: http.StatusTooManyRequests, Code: "RATE_LIMITED", RetryAfter: limited.RetryAfter, Err: cause,
		Message: "Too many requests. Wait a little before the next."}
}
