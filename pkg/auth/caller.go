// Package auth identifies callers, decides whose data they may ask for, and lets people
// log in with a password. What they get from that has a folder each:
//
//   - users, password: who may log in, as AUTH_USERS has it
//   - session: staying signed in, by refresh tokens
//   - accesstoken: personal access tokens, for a person's own programs
//   - credential: what sessions and personal access tokens have in common
//   - logincode: the code with which an app begins its session
//   - clockworktoken: the Clockwork token that a person has saved
//
// Package signin asks the sign-in providers, and package account has the routes.
package auth

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Errors of identifying a caller.
var (
	ErrNotConfigured = errors.New("neither AUTH_MODE nor JWT_SECRET is set on a deployment")
	ErrNoToken       = errors.New("no bearer token")
	ErrBadToken      = errors.New("the bearer token is not valid")
	ErrForbidden     = errors.New("the caller may not ask for this account")
	ErrNoClockwork   = errors.New("no Clockwork token of the caller's own")
)

// Caller is the person who asks. In open mode only ClockworkToken may be set.
type Caller struct {
	Known     bool // a bearer token was checked
	UserID    string
	AccountID string
	Email     string
	Admin     bool
	// Expires is when the bearer token ends: a connection lives no longer.
	Expires time.Time
	// SessionID is the session that the token belongs to; "" if it has none.
	SessionID string
	Provider  string // who vouched for the user: password, atlassian or oidc
	// PersonalToken is the id of the personal access token that was sent instead of
	// one of a login; "" if none was.
	PersonalToken string
	Scope         accesstoken.Scope // of the personal token
	// ClockworkToken is the caller's own, from X-Clockwork-Token. It is not a
	// header of Clockwork's: it is how the desktop client hands over the token.
	ClockworkToken secret.Text
}

// MaxToken bounds a token of any kind, in bytes. Real ones have some hundred.
const MaxToken = 4096

// Identify reads the caller from a request, by the deployment's mode. A token of
// Clockwork's that cannot be one is a *web.Error.
func Identify(r *http.Request, mode config.AuthMode, verify func(token string) (Caller, error)) (Caller, error) {
	var who Caller
	switch mode {
	case config.AuthOpen:
	case config.AuthRequired:
		token, ok := bearer(r)
		if !ok {
			return Caller{}, ErrNoToken
		}
		if len(token) > MaxToken {
			return Caller{}, ErrBadToken
		}
		var err error
		if who, err = verify(token); err != nil {
			return Caller{}, err
		}
	default:
		return Caller{}, ErrNotConfigured
	}
	who.ClockworkToken = secret.New(r.Header.Get(ClockworkHeader))
	switch token := who.ClockworkToken.Reveal(); {
	case len(token) > MaxToken:
		return Caller{}, web.BadRequest(ClockworkHeader, ClockworkHeader+" is too long for a Clockwork API token.")
	case web.CheckText(ClockworkHeader, token, MaxToken) != nil:
		return Caller{}, web.BadRequest(ClockworkHeader, ClockworkHeader+" has characters that no Clockwork API token has.")
	}
	return who, nil
}

// ClockworkHeader is where a caller sends their own Clockwork token.
const ClockworkHeader = "X-Clockwork-Token"

func bearer(r *http.Request) (string, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, token != "" && strings.EqualFold(scheme, "Bearer")
}

// Subject is whose data is asked for: an account id, an e-mail address, or
// neither for everybody's.
type Subject struct {
	AccountID string
	Email     string // in lower case
}

// All reports whether the subject is everybody.
func (s Subject) All() bool { return s == Subject{} }

// Own are the caller's own data.
func (c Caller) Own() Subject {
	if c.AccountID == "" {
		return Subject{Email: c.Email}
	}
	return Subject{AccountID: c.AccountID}
}

// Narrow decides whose data the caller gets. In open mode they get what they ask for. A
// known caller gets their own by default, and may ask for another's only as an admin.
func (c Caller) Narrow(asked Subject) (Subject, error) {
	if !c.Known || c.Admin {
		return asked, nil
	}
	own := c.Own()
	switch {
	case own.All():
		return Subject{}, ErrForbidden
	case asked.All(),
		asked.AccountID != "" && asked.AccountID == c.AccountID,
		asked.AccountID == "" && asked.Email == c.Email:
		return own, nil
	}
	return Subject{}, ErrForbidden
}

// WriteToken is the Clockwork token with which the caller may start and stop
// timers. The server's own serves only the account that it belongs to.
func (c Caller) WriteToken(server config.Clockwork) (secret.Text, error) {
	if !c.ClockworkToken.IsZero() {
		return c.ClockworkToken, nil
	}
	if c.Known && c.AccountID != "" && c.AccountID == server.AccountID && !server.APIToken.IsZero() {
		return server.APIToken, nil
	}
	return secret.Text{}, ErrNoClockwork
}

// ReadToken is the Clockwork token for worklogs: the caller's own, else the
// server's.
func (c Caller) ReadToken(server config.Clockwork) (secret.Text, error) {
	if !c.ClockworkToken.IsZero() {
		return c.ClockworkToken, nil
	}
	if !server.APIToken.IsZero() {
		return server.APIToken, nil
	}
	return secret.Text{}, ErrNoClockwork
}
