package transport

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/net/http/httpguts"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/web"
)

// subprotocol is what browsers offer before their token, because they cannot set
// Authorization on a WebSocket.
const subprotocol = "bearer"

// Answers to clients that are not admitted.
var (
	errNoToken = &web.Error{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED",
		Message: "Log in first: send the token as Authorization: Bearer, as Sec-WebSocket-Protocol: bearer, TOKEN, or as ?token=."}
	errBadToken = &web.Error{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED", Message: "Your login has expired or is not valid. Log in again."}
	errNoSecret = &web.Error{Status: http.StatusServiceUnavailable, Code: "AUTH_NOT_CONFIGURED", Message: "The server's operator has to set JWT_SECRET first."}
	errOrigin   = &web.Error{Status: http.StatusForbidden, Code: "ORIGIN_NOT_ALLOWED", Message: "Pages of this origin may not connect; the server's operator can add it to CORS_ALLOWED_ORIGINS."}
	errMethod   = &web.Error{Status: http.StatusMethodNotAllowed, Code: "METHOD_NOT_ALLOWED", Message: "This address does not take that method; see the Allow header."}
	errUpgrade  = &web.Error{Status: http.StatusUpgradeRequired, Code: "UPGRADE_REQUIRED", Message: "This address speaks WebSocket only. /api/timers/stream has the same events as plain HTTP."}
	errManyOpen = &web.Error{Status: http.StatusTooManyRequests, Code: "TOO_MANY_CONNECTIONS", Message: "You have too many connections open. Close some first.", RetryAfter: 10 * time.Second}
	errNoTeam   = &web.Error{Status: http.StatusForbidden, Code: "TEAM_VIEW_OFF", Message: "This server shows nobody what others work on. Ask for one person."}
	errStore    = &web.Error{Status: http.StatusServiceUnavailable, Code: "STORE_UNAVAILABLE", Message: "The timers cannot be read at the moment. Try again shortly.", RetryAfter: 2 * time.Second}
	errShutdown = &web.Error{Status: http.StatusServiceUnavailable, Code: "SERVER_CLOSING", Message: "The server restarts. Connect again.", RetryAfter: time.Second}
)

// WS answers GET /ws. ?since= asks for the changes after that seq instead of the
// state.
func (t *Transport) WS(w http.ResponseWriter, r *http.Request) {
	entry, r := t.beginEntry(w, r, routeWS)
	if failed := t.upgrade(w, r, entry); failed != nil {
		refuse(w, failed, entry)
	}
}

func refuse(w http.ResponseWriter, failed *web.Error, entry *logEntry) {
	if failed.Status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodGet)
	}
	web.Protect(w.Header())
	w.Header().Set("Server-Timing", entry.serverTiming())
	web.WriteError(w, failed)
	entry.end(failed.Status, slog.String("code", failed.Code))
}

func (t *Transport) upgrade(w http.ResponseWriter, r *http.Request, entry *logEntry) *web.Error {
	switch {
	case r.Method != http.MethodGet:
		return errMethod
	case !isHandshake(r):
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		return errUpgrade
	case !t.originAllowed(r):
		return errOrigin
	}
	return t.admit(r, func(a admission) {
		hijacked := &hijackable{ResponseWriter: w, wait: t.Limits.WriteWait}
		// The origin was checked above, by the rules of CORS.
		ws, err := websocket.Accept(hijacked, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{subprotocol}})
		if err != nil { // the library has answered
			t.exit(a.place, nil)
			entry.end(hijacked.status)
			return
		}
		ws.SetReadLimit(realtime.MaxMessage)
		t.open(newConn(t, a, ws, hijacked.peer, entry), a.since)
	})
}

// isHandshake reports whether a client opens a WebSocket (RFC 6455, 4.1).
func isHandshake(r *http.Request) bool {
	keys := r.Header.Values("Sec-WebSocket-Key")
	return r.ProtoAtLeast(1, 1) &&
		httpguts.HeaderValuesContainsToken(r.Header.Values("Connection"), "upgrade") &&
		httpguts.HeaderValuesContainsToken(r.Header.Values("Upgrade"), "websocket") &&
		r.Header.Get("Sec-WebSocket-Version") == "13" && len(keys) == 1 && isNonce(keys[0])
}

// isNonce reports whether a key is 16 bytes in base64.
func isNonce(key string) bool {
	nonce, err := base64.StdEncoding.DecodeString(strings.TrimSpace(key))
	return err == nil && len(nonce) == 16
}

// originAllowed accepts programs that are not browsers, the server's own pages, the
// desktop clients, and CORS_ALLOWED_ORIGINS. All of them need a token too.
func (t *Transport) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || origin == "file://" { // the latter is Electron's
		return true
	}
	if u, err := url.Parse(origin); err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	return t.CORS.Allows(r)
}
