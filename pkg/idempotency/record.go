package idempotency

import "encoding/json"

// record is a key's value: a claim, an unknown outcome or an answer.
type record struct {
	Fingerprint string          `json:"fingerprint"`       // of the payload
	Unknown     bool            `json:"unknown,omitempty"` // the outcome
	Status      int             `json:"status,omitempty"`  // of the answer
	Body        json.RawMessage `json:"body,omitempty"`
}

func (r record) done() bool { return r.Status != 0 }

func (r record) encode() string {
	text, _ := json.Marshal(r) // what it holds comes from JSON, or from here
	return string(text)
}

// decode treats what does not parse as an unknown outcome.
func decode(reply any, fingerprint string) record {
	var r record
	text, _ := reply.(string)
	if json.Unmarshal([]byte(text), &r) != nil || r.Fingerprint == "" {
		return record{Fingerprint: fingerprint, Unknown: true}
	}
	return r
}
