package realtime

import "github.com/coder/websocket"

// Close codes of this server beyond RFC 6455's. Those from 4400 on are like the
// HTTP status they end in: come back only after mending something. After any
// other a client comes back with ?since= and the last seq that it saw.
const (
	CloseTokenExpired websocket.StatusCode = 4401 // log in again first
	CloseOverBudget   websocket.StatusCode = 4429 // close some of the user's other connections first
)

// ending is how a connection is closed.
type ending struct {
	code   websocket.StatusCode
	reason string
}

var (
	endSlow    = ending{websocket.StatusTryAgainLater, "read too slowly: reconnect with since"}
	endClosing = ending{websocket.StatusServiceRestart, "server restarts: reconnect with since"}
	endExpired = ending{CloseTokenExpired, "token expired: log in again"}
	endBudget  = ending{CloseOverBudget, "your connections have too much unread: close some, wait, reconnect with since"}
	endFlood   = ending{websocket.StatusPolicyViolation, "too many messages"}
	endBinary  = ending{websocket.StatusUnsupportedData, "text messages only"}
	endText    = ending{websocket.StatusInvalidFramePayloadData, "text must be UTF-8"}
	endPanic   = ending{websocket.StatusInternalError, "the server failed: reconnect with since"}
	endGone    = ending{} // nobody is there to be told
)
