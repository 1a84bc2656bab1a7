package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/apptest/contract"
	"github.com/clockwork-timer/backend/pkg/httpapi"
)

// Request is a request as a client would send it.
type Request struct {
	Method string // default GET, or POST if there is a body
	Target string
	Header map[string]string
	Body   string // JSON, unless Header says something else
}

// Answer is a handler's answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Failure is the contract's error body.
type Failure struct {
	Error      string `json:"error"`
	Message    string `json:"message"`
	StatusCode int    `json:"statusCode"`
	Field      string `json:"field"`
}

// Failure reads the body as an error. It is zero if the body is not one.
func (a Answer) Failure() Failure {
	var f Failure
	_ = json.Unmarshal(a.Body, &f)
	return f
}

// Do sends a request to a route's handler.
func (w *World) Do(ctx context.Context, handler http.HandlerFunc, r Request) Answer {
	if r.Method == "" {
		r.Method = http.MethodGet
		if r.Body != "" {
			r.Method = http.MethodPost
		}
	}
	request := httptest.NewRequestWithContext(ctx, r.Method, r.Target, strings.NewReader(r.Body))
	if r.Body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	httpapi.WithDeps(w.Deps, handler).ServeHTTP(recorder, request)
	answer := Answer{recorder.Code, recorder.Result().Header, recorder.Body.Bytes()}
	w.assertDocumented(request, answer)
	return answer
}

// assertDocumented checks every answer of every test against public/openapi.yaml.
func (w *World) assertDocumented(r *http.Request, a Answer) {
	w.t.Helper()
	if r.Context().Err() != nil {
		return // the client has hung up and gets no answer
	}
	path := r.URL.Path
	if path == "/api/issues/issue" { // the function's own address, to which vercel.json rewrites
		path = "/api/issues/{key}"
	}
	document, err := contract.Load()
	if assert.NoError(w.t, err) {
		assert.NoError(w.t, document.CheckAnswer(r.Method, path, a.Status, a.Header, a.Body))
	}
}

// AssertForm asserts what all answers have in common.
func (a Answer) AssertForm(t testing.TB) {
	t.Helper()
	assert.NotEmpty(t, a.Header.Get("X-Request-Id"))
	assert.Regexp(t, `^total;dur=[0-9.]+`, a.Header.Get("Server-Timing"))
	switch {
	case a.Status == http.StatusNotModified:
		assert.NotEmpty(t, a.Header.Get("ETag"))
		assert.Empty(t, a.Body)
	case strings.HasPrefix(a.Header.Get("Content-Type"), "text/csv"), strings.HasPrefix(a.Header.Get("Content-Type"), "text/calendar"):
		assert.Equal(t, http.StatusOK, a.Status)
	case a.Status < 400, bytes.Contains(a.Body, []byte(`"checks":`)): // a deep health check has its own body even with 503
		assert.Equal(t, "application/json; charset=utf-8", a.Header.Get("Content-Type"))
		assert.True(t, json.Valid(a.Body), "%s", a.Body)
	default:
		a.assertFailure(t)
	}
}

// assertFailure asserts that an error has the contract's fields, and a message for
// people without technical text.
func (a Answer) assertFailure(t testing.TB) {
	t.Helper()
	assert.Equal(t, "application/json; charset=utf-8", a.Header.Get("Content-Type"))
	var fields map[string]any
	if !assert.NoError(t, json.Unmarshal(a.Body, &fields), "%s", a.Body) {
		return
	}
	f := a.Failure()
	assert.Regexp(t, `^[A-Z]+(_[A-Z]+)*$`, f.Error)
	assert.Regexp(t, `^[A-Za-z].*\S \S.*\.$`, f.Message, "a sentence")
	assert.Equal(t, a.Status, f.StatusCode)
	for name := range fields {
		assert.Contains(t, []string{"error", "message", "statusCode", "field", "stopped"}, name)
	}
	for _, machine := range []string{"127.0.0.1", "dial", "context", "EOF", "json:", "goroutine", "<!DOCTYPE"} {
		assert.NotContains(t, f.Message, machine)
	}
}
