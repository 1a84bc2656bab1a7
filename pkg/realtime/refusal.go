package realtime

import (
	"encoding/json"
	"time"
)

// Codes of refusals, besides those of bridge.Options.Explain.
const (
	CodeBadMessage    = "BAD_MESSAGE" // not the JSON that was expected
	CodeUnknownAction = "UNKNOWN_ACTION"
	CodeForbidden     = "FORBIDDEN"    // the caller may not do this
	CodeRateLimited   = "RATE_LIMITED" // too many messages; this one was not read
	CodeTooMany       = "TOO_MANY_TIMERS"
	CodeUnavailable   = "STORE_UNAVAILABLE" // the message says whether it may have been saved
	CodeClosing       = "SERVER_CLOSING"    // nothing was changed
	CodeNoClockwork   = "CLOCKWORK_TOKEN_REQUIRED"
	CodeBusy          = "CLOCKWORK_BUSY" // too many starts and stops in progress
)

// Refusal says why a message was not carried out, in a sentence that a person can
// act on.
type Refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	ID      string `json:"id,omitempty"` // of the timer
}

// Encode is the error event.
func (r *Refusal) Encode() []byte { return encodeEvent("error", r) }

// Renewed is the event that answers a new access token.
func Renewed(expires time.Time) []byte {
	return encodeEvent("renewed", map[string]time.Time{"expires_at": expires.UTC()})
}

// encodeEvent encodes a payload that always can be.
func encodeEvent(event string, payload any) []byte {
	b, err := json.Marshal(struct {
		Event   string `json:"event"`
		Payload any    `json:"payload"`
	}{event, payload})
	if err != nil {
		panic("realtime: " + event + " cannot be encoded: " + err.Error())
	}
	return b
}
