package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// maxBody is the largest request body, in bytes.
const maxBody = 64 << 10

// DecodeJSON reads the request's body, one JSON object, into target. Unknown
// members are ignored: clients may be newer than the server.
func DecodeJSON(r *http.Request, target any) error {
	if !hasType(r, "application/json") {
		return &Error{Status: http.StatusUnsupportedMediaType, Code: "UNSUPPORTED_MEDIA_TYPE",
			Message: "Send the body as JSON, with Content-Type: application/json."}
	}
	body, err := ReadBody(r, maxBody)
	if err != nil {
		return err
	}
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return BadRequest("", "The body must be a JSON object.")
	}
	return decodeObject(body, target)
}

// DecodeForm reads the request's body, an HTML form, as strictly as a query.
func DecodeForm(r *http.Request) (Query, error) {
	if !hasType(r, "application/x-www-form-urlencoded") {
		return Query{}, &Error{Status: http.StatusUnsupportedMediaType, Code: "UNSUPPORTED_MEDIA_TYPE", Message: "Send the body as a form."}
	}
	body, err := ReadBody(r, maxBody)
	if err != nil {
		return Query{}, err
	}
	return ParseQuery(string(body))
}

func hasType(r *http.Request, want string) bool {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == want && (params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8"))
}

// ReadBody reads a request's body of at most so many bytes, whole KiB.
func ReadBody(r *http.Request, limit int64) ([]byte, error) {
	tooLarge := &Error{Status: http.StatusRequestEntityTooLarge, Code: "PAYLOAD_TOO_LARGE", Message: fmt.Sprintf("The body is larger than %d KiB.", limit>>10)}
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, &Error{Status: http.StatusBadRequest, Code: "BAD_REQUEST", Message: "The body could not be read to its end.", Err: err}
	}
	if int64(len(body)) > limit {
		return nil, tooLarge
	}
	return body, nil
}

func decodeObject(body []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(target); err != nil {
		if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return BadRequest(wrongType.Field, "%s is of the wrong JSON type.", orThe(wrongType.Field))
		}
		if known, ok := errors.AsType[*Error](err); ok {
			return known
		}
		return BadRequest("", "The body is not valid JSON.")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return BadRequest("", "The body has something after its JSON object.")
	}
	return nil
}

func orThe(field string) string { return cmp.Or(field, "A value") }
