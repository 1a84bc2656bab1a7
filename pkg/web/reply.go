package web

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"strconv"
)

// Reply is a successful answer. A 304 and a redirect have no body; every other has
// one, because the desktop client parses whatever comes.
type Reply struct {
	Status int
	Body   any
	ETag   string
	// Replayed marks the answer to an earlier request with the same Idempotency-Key.
	Replayed bool
	Cookies  []*http.Cookie
	Location string      // of a redirect, which has no body
	Raw      []byte      // instead of Body; Header has its type
	Header   http.Header // more of the answer, or other than usual
}

// OK is a 200 with a JSON body.
func OK(body any) Reply { return Reply{Status: http.StatusOK, Body: body} }

// HTML is a 200 with a page.
func HTML(page []byte) Reply {
	return Reply{Status: http.StatusOK, Raw: page, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}}
}

// Write sends the reply.
func (re Reply) Write(w http.ResponseWriter) error {
	maps.Copy(w.Header(), re.Header)
	if re.ETag != "" {
		w.Header()["Etag"] = []string{re.ETag}
	}
	if re.Replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	for _, cookie := range re.Cookies {
		http.SetCookie(w, cookie)
	}
	switch {
	case re.Location != "":
		w.Header().Set("Location", re.Location)
		w.WriteHeader(re.Status)
		return nil
	case re.Status == http.StatusNotModified:
		w.WriteHeader(re.Status)
		return nil
	case re.Raw != nil:
		w.WriteHeader(re.Status)
		_, err := w.Write(re.Raw)
		return err
	}
	return writeJSON(w, re.Status, re.Body)
}

// WriteError sends an error in the API's form.
func WriteError(w http.ResponseWriter, e *Error) {
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if e.Challenge != "" {
		w.Header().Set("WWW-Authenticate", e.Challenge)
	}
	_ = writeJSON(w, e.Status, wireError{Error: e.Code, Message: e.Message, StatusCode: e.Status, Field: e.Field, Stopped: e.Stopped})
}

var contentJSON = []string{"application/json; charset=utf-8"}

// JSON is a body that is encoded already.
type JSON []byte

func writeJSON(w http.ResponseWriter, status int, body any) error {
	encoded, ok := body.(JSON)
	if !ok {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			return err
		}
	}
	header := w.Header()
	header["Content-Type"] = contentJSON
	header["Content-Length"] = []string{strconv.Itoa(len(encoded))}
	w.WriteHeader(status)
	_, err := w.Write(encoded)
	return err
}
