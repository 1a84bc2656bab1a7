package app

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/config"
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
// caller known only by a Clockwork token that nobody has checked could bring another
// one each time, so their address is counted.
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

// admitLookup counts a read that turns out to need an upstream.
func (d *Deps) admitLookup(ctx context.Context, in *Request) error {
	pass, err := d.Limits.Admit(d.claims(in, costly)...)
	if err == nil {
		err = pass.Ask(ctx)
	}
	if err != nil {
		in.pass = pass // the answer names the quota that refused it
	}
	return err
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

// pages are the quota of what is served from memory: a page is a dozen files.
var pages = ratelimit.NewPolicy("page", 1500, time.Minute)

// countAddress counts a request for its address in this process.
func (d *Deps) countAddress(r *http.Request, policy *ratelimit.Policy) (*ratelimit.Pass, error) {
	if d.Limits == nil {
		return nil, nil
	}
	return d.Limits.Admit(ratelimit.Claim{Policy: policy, Kind: "address", Value: d.address(r)})
}

// checkHost refuses a request for a name that is not this machine's, if a
// developer runs the functions in open mode: "vercel dev" serves whatever a page
// calls it, and says in X-Forwarded-Host what that was.
func (d *Deps) checkHost(r *http.Request) error {
	if d.Config.Platform.VercelEnv != "development" || d.Config.Auth.Mode != config.AuthOpen {
		return nil
	}
	if web.NewHosts(d.Config.Auth.AllowedOrigins).Allow(cmp.Or(r.Header.Get("X-Forwarded-Host"), r.Host)) {
		return nil
	}
	return web.ErrHost
}

// CountAddress counts the requests for next by their address, whoever sends
// them: for what is served beside the API and checks its callers itself.
func (d *Deps) CountAddress(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if pass, err := d.countAddress(r, &ratelimit.PerAddress); err != nil {
			refuse(w, r, d, pass, err)
			return
		}
		next(w, r)
	}
}

// refuse answers a request that went no further than its address's count.
func refuse(w http.ResponseWriter, r *http.Request, d *Deps, pass *ratelimit.Pass, err error) {
	ctx, cancel, seen := open(w, r, d)
	defer cancel()
	pass.Tell(w.Header())
	w.Header().Set("Server-Timing", seen.serverTiming())
	known := errorFor(err, r.Context())
	seen.failed(known, err)
	web.WriteError(w, known)
	seen.end(ctx)
}

// forgeries bounds what an address may have checked in vain: a large body takes
// up to 50 ms of CPU to bring into the form that Inngest signs.
var forgeries = ratelimit.Limit{Burst: 20, Interval: 3 * time.Second}

// ForgeryWait is for how long the address has sent too much that its alleged
// sender had not signed; 0 for not at all.
func (d *Deps) ForgeryWait(r *http.Request) time.Duration {
	if d.Limits == nil {
		return 0
	}
	return d.forged.Take(d.Now(), ratelimit.Count{Key: d.address(r), Limit: forgeries})
}

// CountForgery counts a request that its alleged sender had not signed.
func (d *Deps) CountForgery(r *http.Request) {
	d.forged.Take(d.Now(), ratelimit.Count{Key: d.address(r), Limit: forgeries, N: 1, Counted: true})
}

// address is where a request comes from.
func (d *Deps) address(r *http.Request) string {
	return auth.Address(r, d.Config.Deployed(), d.Config.TrustedProxies)
}

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
		Message: "Too many requests. Try again " + inWords(limited.RetryAfter) + "."}
}

// inWords is a wait in words: as many seconds as Retry-After has, or whole minutes.
func inWords(wait time.Duration) string {
	seconds := int(math.Ceil(wait.Seconds()))
	switch {
	case seconds <= 1:
		return "in a second"
	case seconds < 120:
		return fmt.Sprintf("in %d seconds", seconds)
	}
	return fmt.Sprintf("in %d minutes", (seconds+59)/60)
}
