package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/web"
)

// address is where a request comes from.
func address(d *app.Deps, r *http.Request) string {
	return auth.Address(r, d.Config.Deployed(), d.Config.TrustedProxies)
}

// admitAddress refuses a request for a host that is not this machine's, or, if it
// is to be counted here, from an address with too many. Others are counted by
// admit.
func admitAddress(d *app.Deps, in *Request, counted bool, policy *ratelimit.Policy) error {
	if err := checkHost(d, in.Request); err != nil || !counted {
		return err
	}
	return admitAlone(d, in, addressClaim(in, policy))
}

// checkHost refuses a request for a name that is not this machine's, if a
// developer runs the functions in open mode: "vercel dev" answers to every name, and
// passes it on in X-Forwarded-Host.
func checkHost(d *app.Deps, r *http.Request) error {
	if d.Config.Platform.VercelEnv != "development" || d.Config.Auth.Mode != config.AuthOpen {
		return nil
	}
	if web.NewHosts(d.Config.Auth.AllowedOrigins).Allow(cmp.Or(r.Header.Get("X-Forwarded-Host"), r.Host)) {
		return nil
	}
	return web.ErrHost
}

// Identify says who asks, with a login's token or a personal one.
func Identify(ctx context.Context, d *app.Deps, in *Request, route Route) (auth.Caller, error) {
	wanted := route.Auth
	verify := func(token string) (auth.Caller, error) {
		if !accesstoken.Looks(token) {
			return d.Verifier.Verify(token)
		}
		if route.ReadsTimers {
			if who, known := knownCaller(d, in, token); known {
				return who, nil
			}
		}
		return personalCaller(ctx, d, in.Request, token)
	}
	switch {
	case wanted == NoLogin:
		return auth.Caller{}, nil
	case wanted == LoginByMode && (d.Config.Auth.Mode != config.AuthOpen || !asksForSaved(d, in, route)):
		return auth.Identify(in.Request, d.Config.Auth.Mode, verify)
	case len(d.Verifier.Secrets) == 0:
		return auth.Caller{}, auth.ErrNoLogin
	}
	return auth.Identify(in.Request, config.AuthRequired, verify)
}

// asksForSaved reports whether a start or stop brings a login but no Clockwork token:
// in open mode too the login then says whose saved token is meant.
func asksForSaved(d *app.Deps, in *Request, route Route) bool {
	return route.Once != nil && in.Header.Get("Authorization") != "" && in.Header.Get(auth.ClockworkHeader) == "" && len(d.Verifier.Secrets) > 0
}

// admit identifies the caller and counts the request. A caller who is refused
// is counted too, but only in this process. For a start or a
// stop Redis is asked later, together with what else that needs.
func admit(ctx context.Context, d *app.Deps, in *Request, route Route) error {
	who, unidentified := Identify(ctx, d, in, route)
	if unidentified != nil {
		route.Cost = Cached
	}
	in.Caller = who
	in.calls.Caller = "address " + in.address // unchecked tokens could be different each time
	if who.Known {
		in.calls.Caller = "user " + who.UserID
	}
	var err error
	claims := append(claims(make([]ratelimit.Claim, 0, 3), in, route.Cost), addressClaim(in, &ratelimit.PerAddress))
	if in.pass, err = d.Limits.Admit(claims...); err != nil {
		return err
	}
	switch {
	case unidentified != nil:
		return unidentified
	case who.PersonalToken != "" && !scopeAllows(who.Scope, route):
		return errScope
	case route.Cost == Upstream && route.Once == nil:
		return in.pass.Ask(ctx)
	}
	return nil
}

func addressClaim(in *Request, policy *ratelimit.Policy) ratelimit.Claim {
	return ratelimit.Claim{Policy: policy, Kind: "address", Value: in.address}
}

// claims adds the caller's quota and, for what costs an upstream's time, the one
// count that all instances share. That is the caller's own if they are known. A
// caller known only by an unchecked Clockwork token could bring another one each
// time, so their address is counted.
func claims(all []ratelimit.Claim, in *Request, cost Cost) []ratelimit.Claim {
	if caller, known := callerClaim(in, cost); known {
		caller.Shared = cost == Upstream && in.Caller.Known
		all = append(all, caller)
	}
	if cost == Upstream && !in.Caller.Known {
		shared := addressClaim(in, &ratelimit.CostlyPerAddress)
		shared.Shared = true
		all = append(all, shared)
	}
	return all
}

// callerClaim is the quota that the caller has as a person.
func callerClaim(in *Request, cost Cost) (claim ratelimit.Claim, known bool) {
	switch {
	case cost == Cached:
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

// admitLookup counts a read that turns out to need an upstream. If that is refused,
// the answer names the quota.
func admitLookup(ctx context.Context, d *app.Deps, in *Request) error {
	pass, err := d.Limits.Admit(claims(nil, in, Upstream)...)
	if err == nil {
		err = pass.Ask(ctx)
	}
	if err != nil {
		in.pass = pass
	}
	return err
}

// AdmitSignIn counts a sign-in, or a guess at one, by its kind and address. Nobody can
// use up what a person at another address has.
func AdmitSignIn(d *app.Deps, in *Request, kind string) error {
	return admitAlone(d, in, ratelimit.Claim{Policy: &ratelimit.SignIns, Kind: "address", Value: kind + " " + in.address})
}

// AdmitRefresh counts a refresh of a session.
func AdmitRefresh(d *app.Deps, in *Request, session string) error {
	return admitAlone(d, in, ratelimit.Claim{Policy: &ratelimit.Refreshes, Kind: "session", Value: session})
}

// admitAlone counts in this process. If that is refused, the answer names the quota.
func admitAlone(d *app.Deps, in *Request, claim ratelimit.Claim) error {
	pass, err := d.Limits.Admit(claim)
	if err != nil {
		in.pass = pass
	}
	return err
}

// AdmitDeepHealth bounds how often one address may have every dependency asked.
func AdmitDeepHealth(ctx context.Context, d *app.Deps, in *Request) (err error) {
	claim := addressClaim(in, &ratelimit.DeepHealth)
	claim.Shared = true
	if in.pass, err = d.Limits.Admit(claim); err != nil {
		return err
	}
	return in.pass.Ask(ctx)
}

// CountAddress counts the requests for next by their address, whoever sends
// them: for what is served beside the API and checks its callers itself.
func CountAddress(d *app.Deps, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in := &Request{Request: r, address: address(d, r)}
		if err := admitAddress(d, in, true, &ratelimit.PerAddress); err != nil {
			refuse(w, in, d, "", err)
			return
		}
		next(w, r)
	}
}

// refuse answers a request that got no further than its address's count.
func refuse(w http.ResponseWriter, in *Request, d *app.Deps, route string, err error) {
	ctx, cancel, log := open(w, in.Request, d, route)
	defer cancel()
	in.pass.WriteHeader(w.Header())
	w.Header().Set("Server-Timing", log.serverTiming())
	known := errorFor(err, in.Context())
	log.failed(known, err)
	web.WriteError(w, known)
	log.end(ctx)
}

// forgeries bounds how many unsigned calls of Inngest's route and guesses at personal
// access tokens an address may have checked. A large body takes up to 50 ms of CPU to
// bring into the form that Inngest signs.
var forgeries = ratelimit.Limit{Burst: 20, Interval: 3 * time.Second}

// ForgeryWait is how long an address has to wait that sent too many forged requests; 0
// for not at all.
func ForgeryWait(d *app.Deps, r *http.Request) time.Duration {
	if d.Limits == nil {
		return 0
	}
	return d.Forgeries.Take(d.Now(), ratelimit.Count{Key: address(d, r), Limit: forgeries})
}

// CountForgery counts a request whose signature or personal token is not valid.
func CountForgery(d *app.Deps, r *http.Request) {
	d.Forgeries.Take(d.Now(), ratelimit.Count{Key: address(d, r), Limit: forgeries, N: 1, Counted: true})
}
