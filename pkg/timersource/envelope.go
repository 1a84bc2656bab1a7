package timersource

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
)

// maxEnvelopes is one more than has been seen.
const maxEnvelopes = 4

// remoteError is Clockwork's own refusal, inside an answer of Forge that
// succeeded.
type remoteError struct {
	status  int // 0 if only success was false
	header  http.Header
	code    string
	message string
}

func (e *remoteError) Error() string {
	return fmt.Sprintf("the remote answered with status %d", e.status)
}

// envelope is any level that Forge and Clockwork put around a page of timers, or
// the page itself; the shape has changed more than once. Each field may be absent,
// and each body may be JSON inside a string. Every status and success on the way
// must be good. What is not known is ErrUnknownShape.
type envelope struct {
	status  string // as it is written, "" if there is none
	success *bool
	headers string
	inner   *envelope // what payload holds, else body
	text    string    // of inner
	page    clockwork.PageReader
	err     error
}

// readEnvelope reads one level and, in the same pass, those within.
func readEnvelope(r *jsonread.Reader, depth int) *envelope {
	if r.Kind() == '"' {
		text, _ := r.Text()
		inside := jsonread.New(text)
		e := readEnvelope(inside, depth)
		if inside.End() != nil {
			e.err = fmt.Errorf("%w: forge envelope: %w", ErrUnknownShape, jsonread.ErrSyntax)
		}
		return e
	}
	e := &envelope{}
	var body *envelope
	var bodyText string
	isObject := r.Fields(func(name string) {
		switch name {
		case "status":
			e.status = r.Raw()
		case "success":
			e.readSuccess(r)
		case "headers":
			e.headers = r.Raw()
		case "payload":
			e.inner, e.text = readInner(r, depth)
		case "body":
			body, bodyText = readInner(r, depth)
		default:
			e.page.Field(name, r)
		}
	})
	if !isObject {
		e.err = fmt.Errorf("%w: a forge envelope that is no object", ErrUnknownShape)
	}
	if e.inner == nil {
		e.inner, e.text = body, bodyText
	}
	return e
}

// readInner returns nil for null.
func readInner(r *jsonread.Reader, depth int) (e *envelope, text string) {
	if r.Null() {
		return nil, ""
	}
	if depth == maxEnvelopes {
		return &envelope{err: fmt.Errorf("%w: more than %d forge envelopes", ErrUnknownShape, maxEnvelopes)}, r.Raw()
	}
	text = r.Consumed(func() { e = readEnvelope(r, depth+1) })
	return e, text
}

func (e *envelope) readSuccess(r *jsonread.Reader) {
	if r.Null() {
		return
	}
	value, ok := r.Bool()
	if e.success = &value; !ok {
		e.err = fmt.Errorf("%w: forge envelope with a success that is neither true nor false", ErrUnknownShape)
	}
}

// open checks each level, the outermost first, down to the list.
func (e *envelope) open() (clockwork.TimersPage, error) {
	if err := e.check(); err != nil {
		return clockwork.TimersPage{}, err
	}
	switch {
	case e.page.Found() || e.inner == nil:
		return e.page.Page()
	default:
		return e.inner.open()
	}
}

// check fails unless status and success, if they are given, are good.
func (e *envelope) check() error {
	status, err := e.statusCode()
	switch {
	case e.err != nil:
		return e.err
	case err != nil:
		return err
	case status/100 != 2:
		return e.refusal(status)
	case e.success == nil || *e.success:
		return nil
	}
	if e.inner != nil { // the reason may be one level further in
		if status, err := e.inner.statusCode(); err == nil && status/100 != 2 {
			return e.inner.refusal(status)
		}
	}
	return e.refusal(0)
}

// statusCode is 200 if the envelope has none.
func (e *envelope) statusCode() (int, error) {
	text := strings.Trim(e.status, `"`)
	if text == "" || text == "null" {
		return http.StatusOK, nil
	}
	status, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%w: forge envelope with a status that is no number", ErrUnknownShape)
	}
	return status, nil
}

func (e *envelope) refusal(status int) error {
	failed := &remoteError{status: status, header: http.Header{}}
	var headers map[string]any
	_ = json.Unmarshal([]byte(e.headers), &headers) // they are an extra
	for name, value := range headers {
		failed.header.Set(name, firstText(value))
	}
	failed.code, failed.message = clockwork.DecodeError(unquoted(e.text))
	return failed
}

// unquoted takes JSON out of a JSON string.
func unquoted(text string) []byte {
	var inside string
	if json.Unmarshal([]byte(text), &inside) == nil {
		text = inside
	}
	return []byte(text)
}

// firstText reads a header's value, which is a list or a text.
func firstText(value any) string {
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	text, _ := value.(string)
	return text
}
