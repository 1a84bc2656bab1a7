package account

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth/logincode"
	"github.com/clockwork-timer/backend/pkg/auth/session"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

const authorizePath = cookiePath + "/authorize"

// nativeClients are the apps that may sign in through the browser, as people call
// them. They have no secret: PKCE and the loopback address protect the code.
var nativeClients = map[string]string{"desktop": "desktop app", "cli": "command line"}

// What an app sends. RFC 8252 leaves it any port of the loopback address.
var (
	loopbackForm  = regexp.MustCompile(`^http://(?:127\.0\.0\.1|\[::1\]):([1-9][0-9]{0,4})/callback$`)
	stateForm     = regexp.MustCompile(`^[A-Za-z0-9._~-]*$`) // lengths are compared by len: such expressions take long to compile
	challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)
)

// authorization is an app's request for a session of its own.
type authorization struct{ clientID, redirectURI, state, challenge string }

// readAuthorization never answers a bad request with a redirect: the address could be
// anybody's.
func readAuthorization(q web.Query) (authorization, error) {
	a := authorization{q.Get("client_id"), q.Get("redirect_uri"), q.Get("state"), q.Get("code_challenge")}
	port := loopbackForm.FindStringSubmatch(a.redirectURI)
	switch {
	case nativeClients[a.clientID] == "":
		return a, web.BadRequest("client_id", `client_id is "desktop" or "cli".`)
	case port == nil || !isPort(port[1]):
		return a, web.BadRequest("redirect_uri", "redirect_uri is http://127.0.0.1:{port}/callback or http://[::1]:{port}/callback.")
	case len(a.state) < 16 || len(a.state) > 128 || !stateForm.MatchString(a.state):
		return a, web.BadRequest("state", "state has 16 to 128 letters, digits, or ._~- characters.")
	case len(a.challenge) != 43 || !challengeForm.MatchString(a.challenge) || q.Get("code_challenge_method") != "S256":
		return a, web.BadRequest("code_challenge", "code_challenge is an S256 challenge, and code_challenge_method is S256.")
	}
	return a, nil
}

func isPort(digits string) bool {
	n, err := strconv.Atoi(digits)
	return err == nil && n < 1<<16
}

// fields are the request's parameters, for a link or a form.
func (a authorization) fields() url.Values {
	return url.Values{"client_id": {a.clientID}, "redirect_uri": {a.redirectURI}, "state": {a.state}, "code_challenge": {a.challenge}, "code_challenge_method": {"S256"}}
}

// askToAuthorize asks the person who is signed in here whether an app may sign in as
// them. It asks each time: an app could open this page unseen.
func askToAuthorize(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	a, err := readAuthorization(r.Query)
	if err != nil {
		return web.Reply{}, err
	}
	current, err := signedIn(ctx, d, r)
	if err != nil {
		return orLogIn(a, err)
	}
	fields := a.fields()
	fields.Set("user_id", current.UserID)
	return consentPage(nativeClients[a.clientID], nameOf(ctx, d, current), fields), nil
}

// authorize takes the answer. Like signing in at a provider it leads on with a page:
// Chromium and WebKit block a redirect of a form to another origin.
func authorize(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	if err := checkSameSite(d, r); err != nil {
		return web.Reply{}, err
	}
	form, err := web.DecodeForm(r.Request)
	if err != nil {
		return web.Reply{}, err
	}
	a, err := readAuthorization(form)
	if err != nil {
		return web.Reply{}, err
	}
	current, err := signedIn(ctx, d, r)
	if err != nil {
		return orLogIn(a, err)
	}
	if form.Get("user_id") != current.UserID { // another person has signed in since the page was shown
		return askAgain(a), nil
	}
	answer := url.Values{"state": {a.state}, "iss": {d.Config.PublicURL.String()}}
	if form.Get("decision") == "allow" {
		code, err := logincode.Store{Redis: d.Redis}.Issue(ctx, logincode.Grant{
			UserID: current.UserID, SessionID: current.ID, ClientID: a.clientID, RedirectURI: a.redirectURI, Challenge: a.challenge})
		if err != nil {
			return web.Reply{}, sessionError(err)
		}
		answer.Set("code", code)
	} else {
		answer.Set("error", "access_denied")
	}
	return leadTo(a.redirectURI + "?" + answer.Encode()), nil
}

// signedIn returns the session of the browser's cookie, without using its token up.
func signedIn(ctx context.Context, d *app.Deps, r *httpapi.Request) (session.Session, error) {
	token, err := readSession(d, r)
	if err != nil {
		return session.Session{}, err
	}
	current, err := d.Sessions.Check(ctx, session.Cookie, token)
	return current, sessionError(err)
}

// orLogIn leads a person without a session to the login page, and from there back.
func orLogIn(a authorization, err error) (web.Reply, error) {
	if known, ok := errors.AsType[*web.Error](err); !ok || known.Status != http.StatusUnauthorized {
		return web.Reply{}, err
	}
	back := url.Values{"next": {authorizePath + "?" + a.fields().Encode()}}
	return web.Reply{Status: http.StatusSeeOther, Location: "/?" + back.Encode()}, nil
}

func askAgain(a authorization) web.Reply {
	return web.Reply{Status: http.StatusSeeOther, Location: authorizePath + "?" + a.fields().Encode()}
}

func nameOf(ctx context.Context, d *app.Deps, s session.Session) string {
	if s.AccountID != "" {
		if user, err := d.Names.User(ctx, s.AccountID); err == nil && user.DisplayName != "" {
			return user.DisplayName
		}
	}
	return s.UserID
}
