package web

import (
	"crypto/rand"
	"net/http"
	"regexp"
)

// maxRequestID is not part of the expression, which would take long to compile.
const maxRequestID = 64

var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]*$`)

// RequestID returns the caller's X-Request-Id if it is a plain word, so that one id
// follows a call through several systems. Otherwise it makes a new one.
func RequestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); len(id) <= maxRequestID && requestIDForm.MatchString(id) {
		return id
	}
	return rand.Text()
}
