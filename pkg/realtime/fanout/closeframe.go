package fanout

import "github.com/coder/websocket"

// Close codes beyond those of RFC 6455. They resemble an HTTP status. After 1011, 1012
// and 1013 a client reconnects with ?since= and the last seq that it saw. After any
// other code it has to change something first.
const (
	CloseTokenExpired websocket.StatusCode = 4401 // log in again first
	CloseOverBudget   websocket.StatusCode = 4429 // close some of the user's other connections first
)

// CloseFrame is how a connection is closed.
type CloseFrame struct {
	Code   websocket.StatusCode
	Reason string
}

// The close frames of the server.
var (
	ClosedSlow       = CloseFrame{websocket.StatusTryAgainLater, "read too slowly: reconnect with since"}
	ClosedRestart    = CloseFrame{websocket.StatusServiceRestart, "server restarts: reconnect with since"}
	ClosedExpired    = CloseFrame{CloseTokenExpired, "token expired: log in again"}
	ClosedEnded      = CloseFrame{CloseTokenExpired, "session ended: log in again"}
	ClosedNotRenewed = CloseFrame{CloseTokenExpired, "the new token is not valid for this user: log in again"}
	ClosedOverBudget = CloseFrame{CloseOverBudget, "your connections have too much unread: close some, wait, reconnect with since"}
	ClosedFlood      = CloseFrame{websocket.StatusPolicyViolation, "too many messages"}
	ClosedBinary     = CloseFrame{websocket.StatusUnsupportedData, "text messages only"}
	ClosedNotUTF8    = CloseFrame{websocket.StatusInvalidFramePayloadData, "text must be UTF-8"}
	ClosedPanic      = CloseFrame{websocket.StatusInternalError, "the server failed: reconnect with since"}
	ClosedGone       = CloseFrame{} // the client has gone: nothing is sent
)
