package idempotency

import (
	"encoding/json"
	"strconv"
)

// record is a key's value: a claim, an unknown outcome or an answer.
type record struct {
	Fingerprint string          `json:"fingerprint"`       // of the payload
	Unknown     bool            `json:"unknown,omitempty"` // the outcome
	Status      int             `json:"status,omitempty"`  // of the answer
	Body        json.RawMessage `json:"body,omitempty"`
}

func (r record) done() bool { return r.Status != 0 }

// encode does not read the body again, which is JSON.
func (r record) encode() string {
	head := `{"fingerprint":"` + r.Fingerprint + `"`
	switch {
	case r.Unknown:
		return head + `,"unknown":true}`
	case r.done() && len(r.Body) > 0:
		return head + `,"status":` + strconv.Itoa(r.Status) + `,"body":` + string(r.Body) + `}`
	case r.done():
		return head + `,"status":` + strconv.Itoa(r.Status) + `}`
	}
	return head + `}`
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
