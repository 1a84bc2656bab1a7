package clockwork

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

var (
	// ErrNotRunning means that the token's owner has no running timer on the
	// issue: Clockwork's 422 on stop.
	ErrNotRunning = errors.New("no timer is running on this issue")
	// ErrUnknownShape means that Clockwork answered with a structure that this
	// package does not know. It is never read as an empty list.
	ErrUnknownShape = errors.New("clockwork answered in a shape that is not known")
)

// DecodeError finds the code and the sentence of an error body, here or in what
// Forge passes on, in the order in which Clockwork's own clients look for it.
// The body may be HTML: then there is none.
func DecodeError(body []byte) (code, message string) {
	var e struct {
		ErrorMessage json.RawMessage `json:"error_message"`
		Message      json.RawMessage `json:"message"`
		Error        json.RawMessage `json:"error"`
		Code         json.RawMessage `json:"code"`
		Messages     []struct {
			Body  json.RawMessage `json:"body"`
			Title json.RawMessage `json:"title"`
		} `json:"messages"`
	}
	_ = json.Unmarshal(body, &e)
	sentences := []string{text(e.ErrorMessage), text(e.Message)}
	for _, m := range e.Messages[:min(1, len(e.Messages))] {
		sentences = append(sentences, text(m.Body), text(m.Title))
	}
	return cmp.Or(text(e.Code), text(e.Error)), cmp.Or(sentences...)
}

// reject finds the 404 of a web server that is not Clockwork's: it says nothing
// of an issue.
func reject(status int, h http.Header) (code string) {
	if status == http.StatusNotFound && strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		return upstream.CodeBadBody
	}
	return ""
}

// text returns a JSON string's value, and "" for any other JSON.
func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}
