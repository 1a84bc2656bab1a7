package idempotency

import "encoding/json"

// record is what a key in Redis holds: a claim, an outcome that nobody knows,
// or an answer.
type record struct {
	Fingerprint string          `json:"fingerprint"`       // of the payload
	Unknown     bool            `json:"unknown,omitempty"` // it ended, and nobody knows how
	Status      int             `json:"status,omitempty"`  // of the answer
	Body        json.RawMessage `json:"body,omitempty"`
}

func (r record) done() bool { return r.Status != 0 }

func (r record) encode() string {
	text, _ := json.Marshal(r) // what it holds comes from JSON, or from here
	return string(text)
}

// decode takes what does not parse for an attempt of unknown outcome.
func decode(reply any, fingerprint string) record {
	var r record
	text, _ := reply.(string)
	if json.Unmarshal([]byte(text), &r) != nil || r.Fingerprint == "" {
		return record{Fingerprint: fingerprint, Unknown: true}
	}
	return r
}
