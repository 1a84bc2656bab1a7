package jira

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

var (
	// ErrNotFound means not there, or not visible to our credential: on purpose Jira
	// does not say which.
	ErrNotFound = errors.New("not found in jira")
	// ErrInvalidKey means text that is neither an issue key nor an issue id.
	ErrInvalidKey = errors.New("not an issue key")
)

// reject finds answers to a credential that Jira does not accept. Some
// endpoints answer those as to an anonymous reader, with 200 and an empty list: only
// the header shows it. A plain 403 is another matter: Jira knows the user, who lacks a
// permission.
func reject(status int, h http.Header) (code string) {
	reason := h.Get("X-Seraph-LoginReason")
	if status == http.StatusUnauthorized ||
		strings.Contains(reason, "AUTHENTICATED_FAILED") || strings.Contains(reason, "AUTHENTICATION_DENIED") {
		return upstream.CodeAuthFailed
	}
	return ""
}

// decodeError reads Jira's error body: sentences, then fields with theirs. A
// body that is no JSON has the code BAD_BODY.
func decodeError(body []byte) (code, message string) {
	var e struct {
		ErrorMessages []string          `json:"errorMessages"`
		Errors        map[string]string `json:"errors"`
	}
	if len(body) > 0 && !json.Valid(body) {
		return upstream.CodeBadBody, ""
	}
	_ = json.Unmarshal(body, &e)
	sentences := e.ErrorMessages
	for _, field := range slices.Sorted(maps.Keys(e.Errors)) {
		sentences = append(sentences, field+": "+e.Errors[field])
	}
	return "", strings.Join(sentences, " ")
}

// badBody is the error for an answer that is JSON, but not what was asked for.
func badBody(op string, err error) error {
	return &upstream.Error{Upstream: "jira", Op: op, Status: http.StatusOK, Code: upstream.CodeBadBody, Err: err}
}
