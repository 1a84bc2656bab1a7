package realtime

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/net/http/httpguts"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/web"
)

// subprotocol is what browsers name before their token: they cannot set
// Authorization on a WebSocket.
const subprotocol = "bearer"

// loadTimeout bounds the wait for a user's state on connect.
const loadTimeout = 5 * time.Second

// What a caller is told who is not let in.
var (
	errNoToken = &web.Error{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED",
		Message: "Log in first: send the token as Authorization: Bearer, as Sec-WebSocket-Protocol: bearer, TOKEN, or as ?token=."}
	errBadToken = &web.Error{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED", Message: "Your login has expired or is not valid. Log in again."}
	errNoSecret = &web.Error{Status: http.StatusServiceUnavailable, Code: "AUTH_NOT_CONFIGURED", Message: "The server's operator has to set JWT_SECRET first."}
	errOrigin   = &web.Error{Status: http.StatusForbidden, Code: "ORIGIN_NOT_ALLOWED", Message: "Pages of this origin may not connect; the server's operator can add it to CORS_ALLOWED_ORIGINS."}
	errMethod   = &web.Error{Status: http.StatusMethodNotAllowed, Code: "METHOD_NOT_ALLOWED", Message: "This address does not take that method; see the Allow header."}
	errUpgrade  = &web.Error{Status: http.StatusUpgradeRequired, Code: "UPGRADE_REQUIRED", Message: "This address speaks WebSocket only. /api/timers/stream has the same events as plain HTTP."}
	errManyOpen = &web.Error{Status: http.StatusTooManyRequests, Code: "TOO_MANY_CONNECTIONS", Message: "You have too many connections open. Close some first.", RetryAfter: 10 * time.Second}
	errStore    = &web.Error{Status: http.StatusServiceUnavailable, Code: "STORE_UNAVAILABLE", Message: "The timers cannot be read at the moment. Try again shortly.", RetryAfter: 2 * time.Second}
	errShutdown = &web.Error{Status: http.StatusServiceUnavailable, Code: "SERVER_CLOSING", Message: "The server restarts. Connect again.", RetryAfter: time.Second}
)

// WS answers GET /ws: the contract's Realtime section. ?since= asks for what
// came after that seq instead of the whole state.
func (s *Server) WS(w http.ResponseWriter, r *http.Request) {
	v, r := s.visit(w, r, routeWS)
	if failed := s.upgrade(w, r, v); failed != nil {
		refuse(w, failed, v)
	}
}

func refuse(w http.ResponseWriter, failed *web.Error, v *visit) {
	if failed.Status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodGet)
	}
	web.Protect(w.Header())
	w.Header().Set("Server-Timing", web.ServerTiming([]string{"total"}, []time.Duration{time.Since(v.began)}))
	web.WriteError(w, failed)
	v.end(failed.Status, slog.String("code", failed.Code))
}

func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, v *visit) *web.Error {
	switch {
	case r.Method != http.MethodGet:
		return errMethod
	case !isHandshake(r):
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		return errUpgrade
	case !s.originAllowed(r):
		return errOrigin
	}
	if !s.begin() {
		return errShutdown
	}
	defer s.running.Done()
	who, since, failed := s.identify(r)
	if failed != nil {
		return failed
	}
	room, failed := s.enter(r.Context(), who)
	if failed != nil {
		return failed
	}
	out := &hijackable{ResponseWriter: w, wait: s.limits.WriteWait}
	// Origins were checked above, by the rules that CORS has.
	ws, err := websocket.Accept(out, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{subprotocol}})
	if err != nil { // the library has answered
		s.exit(room, nil)
		v.end(out.status)
		return nil
	}
	ws.SetReadLimit(maxMessage)
	c := &conn{server: s, ws: ws, peer: out.peer, room: room, user: room.user, alias: who.UserID, account: who.AccountID,
		clockworkToken: who.ClockworkToken, expires: who.Expires, visit: v}
	c.out.start = c.startDrain
	c.heard.Store(s.now().UnixNano())
	room.join(&c.out, since, s.now())
	s.add(c)
	return nil
}

// isHandshake reports whether a client opens a WebSocket (RFC 6455, 4.1).
func isHandshake(r *http.Request) bool {
	keys := r.Header.Values("Sec-WebSocket-Key")
	return r.ProtoAtLeast(1, 1) &&
		httpguts.HeaderValuesContainsToken(r.Header.Values("Connection"), "upgrade") &&
		httpguts.HeaderValuesContainsToken(r.Header.Values("Upgrade"), "websocket") &&
		r.Header.Get("Sec-WebSocket-Version") == "13" && len(keys) == 1 && isNonce(keys[0])
}

// isNonce: 16 bytes in base64.
func isNonce(key string) bool {
	nonce, err := base64.StdEncoding.DecodeString(strings.TrimSpace(key))
	return err == nil && len(nonce) == 16
}

// originAllowed lets in whoever is no browser, the server's own pages, the
// desktop clients, and CORS_ALLOWED_ORIGINS. A token is needed all the same.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || origin == "file://" { // the latter is Electron's
		return true
	}
	if u, err := url.Parse(origin); err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	return s.cors.Allows(r)
}

// identify reads who connects, and from where on, under the rules of the other
// routes. since is -1 if it is not given, or if the browser's Last-Event-ID is
// none of ours: it gets the whole state, because an EventSource that is refused
// never comes back.
func (s *Server) identify(r *http.Request) (who auth.Caller, since int64, failed *web.Error) {
	token, query, err := splitQuery(r.URL.RawQuery)
	if failed, ok := errors.AsType[*web.Error](err); ok {
		return who, 0, failed
	}
	last, asked := r.Header.Get("Last-Event-ID"), query.Get("since")
	since, err = strconv.ParseInt(cmp.Or(last, asked), 10, 64)
	if err != nil || since < 0 {
		if last == "" && asked != "" {
			return who, 0, web.BadRequest("since", "since must be the seq of an event that you have seen.")
		}
		since = -1
	}
	who, err = auth.Identify(withToken(r, token), config.AuthRequired, s.verify)
	switch known, ok := errors.AsType[*web.Error](err); {
	case err == nil:
		return who, since, nil
	case ok:
		failed = known
	case errors.Is(err, auth.ErrNotConfigured):
		failed = errNoSecret
	case errors.Is(err, auth.ErrNoToken):
		failed = errNoToken
	default:
		failed = errBadToken
	}
	return auth.Caller{}, 0, failed
}

// splitQuery takes the token, which is longer than any other parameter may be,
// out of the query.
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

// withToken moves a token from where browsers can put one to where it belongs:
// from a WebSocket's subprotocols, else from the query.
func withToken(r *http.Request, inQuery string) *http.Request {
	token := offeredToken(r)
	if token == "" {
		token = inQuery
	}
	if token == "" || r.Header.Get("Authorization") != "" {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// offeredToken is the subprotocol after the one that announces it. An event
// stream has none.
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

// enter takes a place in the user's room and sees to its state.
func (s *Server) enter(ctx context.Context, who auth.Caller) (*room, *web.Error) {
	user := UserOf(who)
	room := s.hub.enter(user)
	if !room.admit(s.limits.Connections) {
		s.hub.leave(room, s.now())
		return nil, errManyOpen
	}
	if s.deaf.Load() {
		room.doubt()
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	if err := panics.Try(func() error { return room.ensure(ctx, s.store, s.now()) }); err != nil {
		s.log.Error("realtime: state not read", "error", err)
		s.exit(room, nil)
		return nil, errStore
	}
	if s.clockwork != nil {
		s.clockwork.askFreshness(ctx, s.now())
		if room.compareDue(s.now()) {
			s.clockwork.reconcileLater(user)
		}
	}
	return room, nil
}

// exit gives back what enter took.
func (s *Server) exit(r *room, o *outbox) {
	r.quit(o)
	s.hub.leave(r, s.now())
}

// UserOf is the user under whose name a caller's timers are kept: the account
// at Atlassian, where Clockwork's timers come in, else the login's own id.
func UserOf(who auth.Caller) string {
	if who.AccountID != "" {
		return who.AccountID
	}
	return who.UserID
}
