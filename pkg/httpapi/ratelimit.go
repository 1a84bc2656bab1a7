package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
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

// admit counts a request for its caller and for its address, in this process.
// What all instances count together is still to be asked of in.pass.
func admit(d *app.Deps, in *Request, l load) (err error) {
	all := append(claims(d, in, l), ratelimit.Claim{Policy: &ratelimit.PerAddress, Kind: "address", Value: address(d, in.Request)})
	in.pass, err = d.Limits.Admit(all...)
	return err
}

// claims are the caller's quota and, for what costs an upstream's time, the one
// count that all instances share. That is the caller's own if they are known. A
// caller known only by a Clockwork token that nobody has checked could bring another
// one each time, so their address is counted.
func claims(d *app.Deps, in *Request, l load) []ratelimit.Claim {
	all := make([]ratelimit.Claim, 0, 3)
	if caller, known := callerClaim(in, l); known {
		caller.Shared = l == costly && in.Caller.Known
		all = append(all, caller)
	}
	if l == costly && !in.Caller.Known {
		all = append(all, ratelimit.Claim{Policy: &ratelimit.CostlyPerAddress, Kind: "address", Value: address(d, in.Request), Shared: true})
	}
	return all
}

// admitLookup counts a read that turns out to need an upstream.
func admitLookup(ctx context.Context, d *app.Deps, in *Request) error {
	pass, err := d.Limits.Admit(claims(d, in, costly)...)
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
func countAddress(d *app.Deps, r *http.Request, policy *ratelimit.Policy) (*ratelimit.Pass, error) {
	if d.Limits == nil {
		return nil, nil
	}
	return d.Limits.Admit(ratelimit.Claim{Policy: policy, Kind: "address", Value: address(d, r)})
}

// checkHost refuses a request for a name that is not this machine's, if a
// developer runs the functions in open mode: "vercel dev" serves whatever a page
// calls it, and says in X-Forwarded-Host what that was.
func checkHost(d *app.Deps, r *http.Request) error {
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
func CountAddress(d *app.Deps, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if pass, err := countAddress(d, r, &ratelimit.PerAddress); err != nil {
			refuse(w, r, d, pass, err)
			return
		}
		next(w, r)
	}
}

// refuse answers a request that went no further than its address's count.
func refuse(w http.ResponseWriter, r *http.Request, d *app.Deps, pass *ratelimit.Pass, err error) {
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
func ForgeryWait(d *app.Deps, r *http.Request) time.Duration {
	if d.Limits == nil {
		return 0
	}
	return d.Forgeries.Take(d.Now(), ratelimit.Count{Key: address(d, r), Limit: forgeries})
}

// CountForgery counts a request that its alleged sender had not signed.
func CountForgery(d *app.Deps, r *http.Request) {
	d.Forgeries.Take(d.Now(), ratelimit.Count{Key: address(d, r), Limit: forgeries, N: 1, Counted: true})
}

// address is where a request comes from.
func address(d *app.Deps, r *http.Request) string {
	return auth.Address(r, d.Config.Deployed(), d.Config.TrustedProxies)
}

// AdmitDeepHealth bounds how often one address may have every dependency asked.
func AdmitDeepHealth(ctx context.Context, d *app.Deps, in *Request) (err error) {
	in.pass, err = d.Limits.Admit(ratelimit.Claim{Policy: &ratelimit.DeepHealth, Kind: "address", Value: address(d, in.Request), Shared: true})
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
