package realtime

import "encoding/json"

// Codes of refusals, beside those that Options.Explain gives.
const (
	CodeBadMessage    = "BAD_MESSAGE"    // not the JSON that was expected
	CodeUnknownAction = "UNKNOWN_ACTION" //
	CodeForbidden     = "FORBIDDEN"      // another user's id
	CodeRateLimited   = "RATE_LIMITED"   // too many messages; this one was not looked at
	CodeTooMany       = "TOO_MANY_TIMERS"
	CodeUnavailable   = "STORE_UNAVAILABLE" // the message says whether that is certain
	CodeClosing       = "SERVER_CLOSING"    // nothing was changed
	CodeNoClockwork   = "CLOCKWORK_TOKEN_REQUIRED"
	CodeBusy          = "CLOCKWORK_BUSY" // too many starts and stops under way
)

// refusal is why a message was not done. Its message is a sentence that a
// person can act on.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	ID      string `json:"id,omitempty"` // of the timer
}

func (r *refusal) encode() []byte {
	b, err := json.Marshal(struct {
		Event   string   `json:"event"`
		Payload *refusal `json:"payload"`
	}{"error", r})
	if err != nil {
		panic("realtime: a refusal that cannot be encoded: " + err.Error()) // three strings
	}
	return b
}
