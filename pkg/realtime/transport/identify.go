package transport

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/web"
)

// subscription is what a client asks for.
type subscription struct {
	team bool // instead of the user's own timers
	// since is the last seq that the client has. It is -1 if it is not given, or if a
	// browser's Last-Event-ID is not ours: then it gets the state, because an
	// EventSource that is refused never reconnects.
	since int64
}

// identify reads who connects, and what they ask for, by the rules of the other routes.
func (t *Transport) identify(r *http.Request) (who auth.Caller, asked subscription, failed *web.Error) {
	token, query, err := splitQuery(r.URL.RawQuery)
	if err == nil {
		asked, err = parseSubscription(r.Header.Get("Last-Event-ID"), query)
	}
	if failed, ok := errors.AsType[*web.Error](err); ok {
		return who, asked, failed
	}
	who, err = auth.Identify(withToken(r, token), config.AuthRequired, func(token string) (auth.Caller, error) {
		if t.VerifyPersonal != nil && accesstoken.Looks(token) {
			return t.VerifyPersonal(r, token)
		}
		return t.Verify(token)
	})
	if err == nil && t.knownToHaveEnded(who) {
		return auth.Caller{}, asked, errBadToken
	}
	switch known, ok := errors.AsType[*web.Error](err); {
	case err == nil:
		return who, asked, nil
	case ok:
		failed = known
	case errors.Is(err, auth.ErrNotConfigured):
		failed = errNoSecret
	case errors.Is(err, auth.ErrNoToken):
		failed = errNoToken
	default:
		failed = errBadToken
	}
	return auth.Caller{}, asked, failed
}

func parseSubscription(last string, query web.Query) (asked subscription, err error) {
	switch scope := query.Get("scope"); scope {
	case "", "team":
		asked.team = scope == "team"
	default:
		return asked, web.BadRequest("scope", "scope must be team, or be left out for your own timers.")
	}
	since := query.Get("since")
	asked.since, err = strconv.ParseInt(cmp.Or(last, since), 10, 64)
	if err == nil && asked.since >= 0 {
		return asked, nil
	}
	if last == "" && since != "" {
		return asked, web.BadRequest("since", "since must be the seq of an event that you have seen.")
	}
	asked.since = -1
	return asked, nil
}

// splitQuery separates the token from the other parameters, which may not be as long.
func splitQuery(raw string) (token string, rest web.Query, err error) {
	all, err := url.ParseQuery(raw)
	if err != nil {
		return "", rest, web.BadRequest("", "The query string is not well formed.")
	}
	tokens := all["token"]
	if len(tokens) > 1 {
		return "", rest, web.BadRequest("token", "A parameter is given more than once; give each one once.")
	}
	delete(all, "token")
	rest, err = web.ParseQuery(all.Encode())
	return strings.Join(tokens, ""), rest, err
}

// withToken puts a token from a WebSocket's subprotocols, else from the query, into
// Authorization, unless that is set.
func withToken(r *http.Request, inQuery string) *http.Request {
	token := cmp.Or(offeredToken(r), inQuery)
	if token == "" || r.Header.Get("Authorization") != "" {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// offeredToken is the subprotocol after "bearer". An event stream has none.
func offeredToken(r *http.Request) string {
	if !isHandshake(r) {
		return ""
	}
	var offered []string
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			offered = append(offered, strings.TrimSpace(name))
		}
	}
	if i := slices.Index(offered, subprotocol); i >= 0 && i+1 < len(offered) {
		return offered[i+1]
	}
	return ""
}
