package fault_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox/fault"
)

const goodBody = `{"id":7,"name":"Linh","ok":true,"tags":["a","b"],"none":null}`

// upstream is a working server behind an injector.
type upstream struct {
	fault.Injector
	url     string
	control string
	reached atomic.Int64
}

func start(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{}
	healthy := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		u.reached.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, goodBody)
	})
	srv := httptest.NewServer(u.Wrap("jira", "jira.issue", healthy))
	control := httptest.NewServer(u.ControlHandler())
	u.url, u.control = srv.URL, control.URL
	t.Cleanup(control.Close)
	t.Cleanup(func() { u.Clear(); srv.Close() })
	return u
}

// call returns what a client sees. It reads the body to its end.
func call(ctx context.Context, t *testing.T, method, url, body string) (status int, header http.Header, text string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	require.NoError(t, err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode, resp.Header, string(b), err
}

func TestKindsThatAnswer(t *testing.T) {
	for _, test := range []struct {
		name        string
		fault       fault.Fault
		wantStatus  int
		wantType    string
		wantBody    string
		wantReached int64
	}{
		{name: "status", fault: fault.Fault{Kind: fault.Status, Status: 503}, wantStatus: 503, wantType: "application/json", wantBody: `{"message":"Service Unavailable"}`},
		{name: "status-default", fault: fault.Fault{Kind: fault.Status}, wantStatus: 500, wantType: "application/json", wantBody: `{"message":"Internal Server Error"}`},
		{name: "status-with-html", fault: fault.Fault{Kind: fault.Status, Status: 502, Body: "<h1>Bad</h1>", ContentType: "text/html"}, wantStatus: 502, wantType: "text/html", wantBody: "<h1>Bad</h1>"},
		{name: "after", fault: fault.Fault{Kind: fault.Status, Status: 504, Body: "{}", After: true}, wantStatus: 504, wantType: "application/json", wantBody: "{}", wantReached: 1},
		{name: "malformed", fault: fault.Fault{Kind: fault.MalformedJSON}, wantStatus: 200, wantType: "application/json", wantBody: goodBody[:len(goodBody)/2], wantReached: 1},
		{name: "wrong-types", fault: fault.Fault{Kind: fault.WrongTypes}, wantStatus: 200, wantType: "application/json", wantBody: `{"id":true,"name":["Linh"],"none":null,"ok":"yes","tags":[["a"],["b"]]}`, wantReached: 1},
		{name: "delay", fault: fault.Fault{Kind: fault.Delay, Delay: time.Millisecond}, wantStatus: 200, wantType: "application/json", wantBody: goodBody, wantReached: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := start(t)
			u.Add(test.fault)

			status, header, body, err := call(t.Context(), t, http.MethodGet, u.url, "")

			require.NoError(t, err)
			assert.Equal(t, test.wantStatus, status)
			assert.Equal(t, test.wantType, header.Get("Content-Type"))
			assert.Equal(t, test.wantBody, body)
			assert.Equal(t, test.wantReached, u.reached.Load())
		})
	}
}

func TestRetryAfter(t *testing.T) {
	u := start(t)
	u.Add(fault.Fault{Kind: fault.Status, Status: 429, RetryAfter: "17"})
	status, header, _, err := call(t.Context(), t, http.MethodGet, u.url, "")
	require.NoError(t, err)
	assert.Equal(t, 429, status)
	assert.Equal(t, "17", header.Get("Retry-After"))
}

func TestHTML(t *testing.T) {
	u := start(t)
	u.Add(fault.Fault{Kind: fault.HTML})
	status, header, body, err := call(t.Context(), t, http.MethodGet, u.url, "")
	require.NoError(t, err)
	assert.Equal(t, 200, status)
	assert.Contains(t, header.Get("Content-Type"), "text/html")
	assert.Contains(t, body, "<html>")
}

func TestHuge(t *testing.T) {
	u := start(t)
	u.Add(fault.Fault{Kind: fault.Huge, Size: 3<<20 + 5})
	_, _, body, err := call(t.Context(), t, http.MethodGet, u.url, "")
	require.NoError(t, err)
	assert.Len(t, body, 3<<20+5)
	assert.True(t, json.Valid([]byte(body)))
}

func TestTruncated(t *testing.T) {
	u := start(t)
	u.Add(fault.Fault{Kind: fault.Truncated})
	status, header, body, err := call(t.Context(), t, http.MethodGet, u.url, "")
	assert.Equal(t, 200, status)
	assert.Equal(t, "64", header.Get("Content-Length"))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, goodBody[:len(goodBody)/2], body)
}

func TestReset(t *testing.T) {
	u := start(t)
	u.Add(fault.Fault{Kind: fault.Reset})
	_, _, _, err := call(t.Context(), t, http.MethodPost, u.url, "x")
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestHangEndsWhenTheClientLeaves(t *testing.T) {
	u := start(t)
	plan := u.Add(fault.Fault{Kind: fault.Hang})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, _, _, err := call(ctx, t, http.MethodPost, u.url, "body")
		result <- err
	}()
	require.Eventually(t, func() bool { return plan.Hits() == 1 }, 5*time.Second, time.Millisecond)
	cancel()
	assert.ErrorIs(t, <-result, context.Canceled)
	assert.Zero(t, u.reached.Load())
}

func TestHangEndsWhenCleared(t *testing.T) {
	u := start(t)
	plan := u.Add(fault.Fault{Kind: fault.Hang})
	result := make(chan error, 1)
	go func() {
		_, _, _, err := call(t.Context(), t, http.MethodGet, u.url, "")
		result <- err
	}()
	require.Eventually(t, func() bool { return plan.Hits() == 1 }, 5*time.Second, time.Millisecond)
	plan.Clear()
	err := <-result
	assert.True(t, errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET), "got %v", err)
	status, _, _, err := call(t.Context(), t, http.MethodGet, u.url, "")
	require.NoError(t, err)
	assert.Equal(t, 200, status)
}

func TestMatching(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault fault.Fault
		want  bool
	}{
		{"everything", fault.Fault{}, true},
		{"upstream", fault.Fault{Upstream: "jira"}, true},
		{"other-upstream", fault.Fault{Upstream: "clockwork"}, false},
		{"operation", fault.Fault{Operation: "jira.issue"}, true},
		{"other-operation", fault.Fault{Operation: "jira.user"}, false},
		{"path-prefix", fault.Fault{Path: "/rest/api"}, true},
		{"other-path", fault.Fault{Path: "/gateway"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := start(t)
			test.fault.Kind, test.fault.Status = fault.Status, 418
			u.Add(test.fault)
			status, _, _, err := call(t.Context(), t, http.MethodGet, u.url+"/rest/api/3/issue/A-1", "")
			require.NoError(t, err)
			assert.Equal(t, test.want, status == 418)
		})
	}
}

func TestSkipAndCount(t *testing.T) {
	u := start(t)
	plan := u.Add(fault.Fault{Kind: fault.Status, Status: 500, Skip: 1, Count: 2})
	u.Add(fault.Fault{Kind: fault.Status, Status: 503, Skip: 2, Count: 1})
	var got []int
	for range 6 {
		status, _, _, err := call(t.Context(), t, http.MethodGet, u.url, "")
		require.NoError(t, err)
		got = append(got, status)
	}
	assert.Equal(t, []int{200, 500, 500, 200, 503, 200}, got)
	assert.Equal(t, 2, plan.Hits())
}

func TestControl(t *testing.T) {
	u := start(t)
	control := func(method, query, body string) (int, string) {
		status, _, text, err := call(t.Context(), t, method, u.control+query, body)
		require.NoError(t, err)
		return status, text
	}
	status := func() int {
		s, _, _, err := call(t.Context(), t, http.MethodGet, u.url, "")
		require.NoError(t, err)
		return s
	}

	code, added := control("POST", "", `{"kind":"status","upstream":"jira","status":503,"delayMs":1}`)
	assert.Equal(t, 201, code)
	assert.Contains(t, added, `"id":1`)
	assert.Equal(t, 503, status())
	_, listed := control("GET", "", "")
	assert.Contains(t, listed, `"hits":1`)
	assert.Contains(t, listed, `"delayMs":1`)
	_, cleared := control("DELETE", "?id=2", "")
	assert.JSONEq(t, `{"cleared":0}`, cleared)
	assert.Equal(t, 503, status())
	control("DELETE", "?id=1", "")
	assert.Equal(t, 200, status())
	control("POST", "", `{"kind":"status","status":500}`)
	control("DELETE", "", "")
	assert.Equal(t, 200, status())

	for name, body := range map[string]string{
		"unknown-kind": `{"kind":"fire"}`, "unknown-field": `{"kind":"hang","path_prefix":"/x"}`, "no-json": `kind=hang`,
		"bad-status": `{"kind":"status","status":99}`, "delay-without-length": `{"kind":"delay"}`, "negative-count": `{"kind":"hang","count":-1}`,
	} {
		code, _ := control("POST", "", body)
		assert.Equal(t, 400, code, name)
	}
	code, _ = control("PUT", "", "{}")
	assert.Equal(t, 405, code)
	code, _ = control("DELETE", "?id=x", "")
	assert.Equal(t, 400, code)
}

func TestAddPanicsOnAnUnknownKind(t *testing.T) {
	var in fault.Injector
	assert.Panics(t, func() { in.Add(fault.Fault{Kind: "fire"}) })
}
