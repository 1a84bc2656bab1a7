package account

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/signin"
	"github.com/clockwork-timer/backend/pkg/web"
)

// provider is where people sign in.
type provider interface {
	AuthURL(ctx context.Context, a signin.Attempt) (string, error)
	Identify(ctx context.Context, back signin.Callback, a signin.Attempt) (signin.Identity, error)
}

// providerOptions are the configured providers, as the login page shows them.
func providerOptions(d *app.Deps) []providerOption {
	options := []providerOption{}
	if d.Config.HasAtlassian() {
		options = append(options, providerOption{signin.AtlassianID, "Atlassian"})
	}
	if d.Config.HasOIDC() {
		options = append(options, providerOption{signin.OIDCID, cmp.Or(d.Config.OIDC.Name, d.Config.OIDC.Issuer.Hostname())})
	}
	return options
}

// providerOf returns a configured provider. It is built once for each process,
// since it remembers what it has discovered.
func providerOf(d *app.Deps, id string) (provider, error) {
	switch {
	case id == signin.AtlassianID && d.Config.HasAtlassian():
		return d.Once(id, func() any {
			c := d.Config.Atlassian
			return signin.NewAtlassian(signin.AtlassianOptions{ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURL: d.Config.CallbackURL(),
				Site: d.Config.BrowseURL(), AuthURL: c.AuthURL.String(), APIURL: c.APIURL.String(), Transport: http.DefaultTransport})
		}).(provider), nil
	case id == signin.OIDCID && d.Config.HasOIDC():
		return d.Once(id, func() any {
			c := d.Config.OIDC
			return signin.NewOIDC(signin.OIDCOptions{Issuer: c.Issuer.String(), ClientID: c.ClientID, ClientSecret: c.ClientSecret,
				RedirectURL: d.Config.CallbackURL(), Domains: c.EmailDomains, Transport: http.DefaultTransport, Now: d.Now})
		}).(provider), nil
	}
	return nil, &web.Error{Status: http.StatusNotFound, Code: "SIGNIN_NOT_CONFIGURED", Message: "This server offers no such sign-in."}
}

// attemptCookie is the name of the cookie of one sign-in, so that a second one in
// another tab does not end the first.
func attemptCookie(d *app.Deps, state string) string {
	return cookieName(d, "cw_signin_"+state[:min(6, len(state))])
}

// beginSignIn sends the browser to a provider.
func beginSignIn(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	id := lastSegment(r)
	p, err := providerOf(d, id)
	if err != nil {
		return web.Reply{}, err
	}
	if err := httpapi.AdmitSignIn(d, r, id); err != nil {
		return web.Reply{}, err
	}
	a := signin.NewAttempt(id, r.Query.Get("next"), d.Now())
	address, err := p.AuthURL(ctx, a)
	if err != nil {
		return web.Reply{}, signInError(err)
	}
	sealer, err := signin.NewSealer(d.Verifier.Secrets)
	if err != nil {
		return web.Reply{}, err
	}
	value, err := sealer.Seal(a)
	if err != nil {
		return web.Reply{}, err
	}
	// Lax, because the provider's page sends the browser back.
	cookie := &http.Cookie{Name: attemptCookie(d, a.State), Value: value, Path: cookiePath, MaxAge: int(signin.AttemptLife.Seconds()),
		Secure: secure(d), HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return web.Reply{Status: http.StatusFound, Location: address, Cookies: []*http.Cookie{cookie}}, nil
}

// finishSignIn takes back the browser from a provider. It answers a page in any
// case, because a person looks at it: one that leads to the app, signed in or with
// the reason why not.
func finishSignIn(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	if err := httpapi.AdmitSignIn(d, r, "callback"); err != nil {
		return web.Reply{}, err
	}
	reply, attempt, err := signInFrom(ctx, d, r)
	if err == errNoCookie && r.Query.Get("again") == "" {
		// Some browsers hold cookies back after a redirect: this page comes again by itself.
		again := *r.URL
		query := again.Query()
		query.Set("again", "1")
		return leadTo(cookiePath + "/callback?" + query.Encode()), nil
	}
	next := attempt.Next
	if err != nil {
		d.Log.WarnContext(ctx, "sign-in failed", "error", err)
		why := url.Values{"signin": {codeOf(err)}}
		if strings.HasPrefix(next, authorizePath+"?") { // an app still waits
			why.Set("next", next)
		}
		next = "/?" + why.Encode()
	}
	page := leadTo(cmp.Or(next, "/"))
	page.Cookies = reply.Cookies
	return page, nil
}

var errNoCookie = &web.Error{Status: http.StatusBadRequest, Code: "SIGNIN_EXPIRED", Message: "The sign-in took too long, or began in another browser. Begin again."}

// signInFrom checks who came back and begins their session.
func signInFrom(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, signin.Attempt, error) {
	state := r.Query.Get("state")
	cookies := r.CookiesNamed(attemptCookie(d, state))
	if len(cookies) != 1 {
		return web.Reply{}, signin.Attempt{}, errNoCookie
	}
	sealer, err := signin.NewSealer(d.Verifier.Secrets)
	if err != nil {
		return web.Reply{}, signin.Attempt{}, err
	}
	attempt, err := sealer.Open(cookies[0].Value, state, d.Now())
	if err != nil {
		return web.Reply{}, attempt, signInError(err)
	}
	p, err := providerOf(d, attempt.Provider)
	if err != nil {
		return web.Reply{}, attempt, err
	}
	who, err := p.Identify(ctx, signin.Callback{Code: r.Query.Get("code"), Issuer: r.Query.Get("iss"), Error: r.Query.Get("error")}, attempt)
	if err != nil {
		return web.Reply{}, attempt, signInError(err)
	}
	user, err := userFor(ctx, d, who, attempt.Provider)
	if err != nil {
		return web.Reply{}, attempt, err
	}
	_, token, err := d.Sessions.Begin(ctx, newSession(r, user, attempt.Provider, "cookie"))
	if err != nil {
		return web.Reply{}, attempt, sessionError(err)
	}
	done := &http.Cookie{Name: cookies[0].Name, Path: cookiePath, MaxAge: -1, Secure: secure(d), HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return web.Reply{Cookies: []*http.Cookie{sessionCookie(d, token), done}}, attempt, nil
}

// userFor is the account of who came back: Atlassian's own, the one that the
// identity is bound to, or at the first time the only one with that address in
// Jira.
func userFor(ctx context.Context, d *app.Deps, who signin.Identity, provider string) (users.User, error) {
	account, email := who.AccountID, who.Email
	if account == "" {
		bindings := signin.Bindings{Redis: d.Redis, Earlier: d.Owners.Keys}
		var err error
		if account, err = bindings.Account(ctx, who); err != nil {
			return users.User{}, sessionError(err)
		}
		if account == "" {
			found, err := d.Names.UserByEmail(ctx, who.Email)
			switch {
			case errors.Is(err, jira.ErrNotFound):
				return users.User{}, &web.Error{Status: http.StatusForbidden, Code: "NOT_A_MEMBER", Err: err,
					Message: "Jira shows no account with your e-mail address. It may be hidden in your profile: sign in with Atlassian instead."}
			case err != nil:
				return users.User{}, err
			}
			switch err := bindings.Bind(ctx, who, found.AccountID); {
			case errors.Is(err, signin.ErrConflict):
				return users.User{}, signInError(err)
			case err != nil:
				return users.User{}, sessionError(err)
			}
			account = found.AccountID
		}
	}
	user, _ := d.People.Current(users.User{Username: account, AccountID: account, Email: email}, provider)
	return user, nil
}

// signInError is what a person is told of a sign-in that failed.
func signInError(err error) error {
	for _, row := range []struct {
		is      error
		status  int
		code    string
		message string
	}{
		{signin.ErrExpired, http.StatusBadRequest, "SIGNIN_EXPIRED", errNoCookie.Message},
		{signin.ErrDenied, http.StatusForbidden, "SIGNIN_DENIED", "The sign-in was cancelled or refused."},
		{signin.ErrUnverified, http.StatusForbidden, "EMAIL_NOT_VERIFIED", "The provider has not verified your e-mail address."},
		{signin.ErrNotMember, http.StatusForbidden, "NOT_A_MEMBER", "You do not belong to this Jira site."},
		{signin.ErrConflict, http.StatusConflict, "IDENTITY_CONFLICT", "Your account is bound to another sign-in. Ask the server's operator."},
		{signin.ErrUnavailable, http.StatusBadGateway, "PROVIDER_UNAVAILABLE", "The sign-in provider does not answer. Try again shortly."},
	} {
		if errors.Is(err, row.is) {
			return &web.Error{Status: row.status, Code: row.code, Message: row.message, Err: err}
		}
	}
	return err
}

func codeOf(err error) string {
	if known, ok := errors.AsType[*web.Error](err); ok {
		return known.Code
	}
	return "SIGNIN_FAILED"
}
