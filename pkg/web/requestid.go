package web

import (
	"crypto/rand"
	"net/http"
	"regexp"
)

var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`)

// RequestID returns the caller's X-Request-Id if it is a plain word, so that one id
// follows a call through several systems. Otherwise it makes a new one.
func RequestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && requestIDForm.MatchString(id) {
		return id
	}
	return rand.Text()
}
