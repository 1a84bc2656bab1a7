package timersource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/clockwork-timer/backend/pkg/clockwork"
)

// maxEnvelopes is one more than has been seen.
const maxEnvelopes = 4

// remoteError is Clockwork's own refusal, inside an answer of Forge that
// succeeded.
type remoteError struct {
	status  int // 0 where only success was false
	header  http.Header
	code    string
	message string
}

func (e *remoteError) Error() string {
	return fmt.Sprintf("the remote answered with status %d", e.status)
}

// envelope is any level around the list of timers. Each of its fields may be
// absent, and each body may be JSON inside a string.
type envelope struct {
	Timers  json.RawMessage `json:"timers"`
	Status  json.RawMessage `json:"status"`
	Success *bool           `json:"success"`
	Headers map[string]any  `json:"headers"`
	Payload json.RawMessage `json:"payload"`
	Body    json.RawMessage `json:"body"`
}

// unwrap opens the envelopes that Forge and Clockwork put around a page of
// timers; the shape has changed more than once. Every status and success on
// the way must be good. What is not known is ErrUnknownShape.
func unwrap(raw []byte) ([]byte, error) {
	for range maxEnvelopes + 1 {
		raw = unquoted(raw)
		var e envelope
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, fmt.Errorf("%w: forge envelope: %w", ErrUnknownShape, err)
		}
		if err := e.check(); err != nil {
			return nil, err
		}
		if e.Timers != nil {
			return raw, nil
		}
		if raw = e.inner(); raw == nil {
			return nil, fmt.Errorf("%w: forge envelope without timers, payload or body", ErrUnknownShape)
		}
	}
	return nil, fmt.Errorf("%w: more than %d forge envelopes", ErrUnknownShape, maxEnvelopes)
}

// unquoted takes JSON out of a JSON string.
func unquoted(raw []byte) []byte {
	if trimmed := bytes.TrimLeft(raw, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '"' {
		return raw // without reading it all: a page is large
	}
	var text string
	if raw = bytes.TrimSpace(raw); !bytes.HasPrefix(raw, []byte(`"`)) {
		return raw // and save the decoder a look at all of it
	}
	if json.Unmarshal(raw, &text) == nil && text != "" {
		return []byte(text)
	}
	return raw
}

// inner is what the envelope holds, or nil.
func (e envelope) inner() []byte {
	for _, raw := range []json.RawMessage{e.Payload, e.Body} {
		if raw != nil && string(raw) != "null" {
			return raw
		}
	}
	return nil
}

// check fails unless status and success, where they are given, are good.
func (e envelope) check() error {
	status, err := e.status()
	switch {
	case err != nil:
		return err
	case status/100 != 2:
		return e.refusal(status)
	case e.Success == nil || *e.Success:
		return nil
	}
	// The reason may be one level further in.
	var next envelope
	if json.Unmarshal(unquoted(e.inner()), &next) == nil {
		if status, err := next.status(); err == nil && status/100 != 2 {
			return next.refusal(status)
		}
	}
	return e.refusal(0)
}

// status is 200 where the envelope has none.
func (e envelope) status() (int, error) {
	text := strings.Trim(string(e.Status), `"`)
	if text == "" || text == "null" {
		return http.StatusOK, nil
	}
	status, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%w: forge envelope with a status that is no number", ErrUnknownShape)
	}
	return status, nil
}

func (e envelope) refusal(status int) error {
	failed := &remoteError{status: status, header: http.Header{}}
	for name, value := range e.Headers {
		failed.header.Set(name, firstText(value))
	}
	failed.code, failed.message = clockwork.DecodeError(unquoted(e.inner()))
	return failed
}

// firstText reads a header's value, which is a list or a text.
func firstText(value any) string {
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	text, _ := value.(string)
	return text
}
