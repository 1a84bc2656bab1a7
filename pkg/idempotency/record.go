package idempotency

import (
	"encoding/json"
	"time"
)

// record is what a key in Redis holds.
type record struct {
	Fingerprint string          `json:"fingerprint"`       // of the payload
	Until       int64           `json:"until,omitempty"`   // end of the lease of who is at it, in Unix milliseconds
	Unknown     bool            `json:"unknown,omitempty"` // it ended, and nobody knows how
	Status      int             `json:"status,omitempty"`  // of the answer
	Body        json.RawMessage `json:"body,omitempty"`
}

func (r record) done() bool { return r.Status != 0 }

// unknown reports also one whose process did not come back in time: it may
// have been killed before, or after, the upstream did what it was asked for.
func (r record) unknown(now time.Time) bool {
	return !r.done() && (r.Unknown || r.Until <= now.UnixMilli())
}

func (r record) encode() string {
	text, _ := json.Marshal(r) // what it holds comes from JSON, or from here
	return string(text)
}

// decode takes what does not parse for an attempt of which nothing is known.
func decode(reply any, fingerprint string) record {
	var r record
	text, _ := reply.(string)
	if json.Unmarshal([]byte(text), &r) != nil || r.Fingerprint == "" {
		return record{Fingerprint: fingerprint, Unknown: true}
	}
	return r
}
