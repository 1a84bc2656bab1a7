package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// rig is a client of a small server, with pauses that only note their length.
type rig struct {
	*Client
	log    bytes.Buffer
	calls  atomic.Int64
	pauses []time.Duration
}

func newRig(t *testing.T, opts Options, handler http.HandlerFunc) *rig {
	t.Helper()
	r := &rig{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.calls.Add(1)
		handler(w, req)
	}))
	t.Cleanup(srv.Close)
	if opts.BaseURL == "" {
		opts.BaseURL = srv.URL + "/base"
	}
	opts.Upstream = "jira"
	opts.Log = slog.New(slog.NewJSONHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opts.Jitter = func() float64 { return 0 }
	opts.Sleep = func(_ context.Context, d time.Duration) error { r.pauses = append(r.pauses, d); return nil }
	transport := NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	opts.Transport = transport
	opts.DecodeError = func(b []byte) (string, string) {
		var e struct{ Code, Message string }
		_ = json.Unmarshal(b, &e)
		return e.Code, e.Message
	}
	c, err := New(opts)
	require.NoError(t, err)
	r.Client = c
	return r
}

// asError is the upstream's error, without the moment of the test.
func asError(t *testing.T, err error) *upstream.Error {
	t.Helper()
	var e *upstream.Error
	require.ErrorAs(t, err, &e)
	e.At = time.Time{}
	return e
}

func TestDoAnswersWhatCame(t *testing.T) {
	r := newRig(t, Options{}, func(w http.ResponseWriter, req *http.Request) {
		assert.Equal(t, "/base/a%2Fb", req.URL.EscapedPath())
		w.Header().Set("X-A", "1")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"n":7}`)
	})
	got, err := r.Do(t.Context(), Request{Op: "x.get", Path: []string{"a/b"}})
	require.NoError(t, err)
	var body struct{ N int }
	require.NoError(t, got.Decode(&body))
	assert.Equal(t, 7, body.N)
	assert.Equal(t, http.StatusCreated, got.Status)
	assert.Equal(t, "1", got.Header.Get("X-A"))
}

func TestDoRefusals(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		method  string
		want    upstream.Error
		calls   int64
	}{
		{"caller-at-fault", answer(422, `{"code":"NO_TIMER","message":"nothing runs"}`), "POST",
			upstream.Error{Status: 422, Code: "NO_TIMER", Message: "nothing runs"}, 1},
		{"html-error", answer(500, "<html>"), "POST", upstream.Error{Status: 500}, 1},
		{"write-once-on-502", answer(502, "{}"), "POST", upstream.Error{Status: 502}, 1},
		{"read-three-times-on-502", answer(502, "{}"), "GET", upstream.Error{Status: 502}, 3},
		{"gone", answer(410, "{}"), "GET", upstream.Error{Status: 410, Code: upstream.CodeGone}, 1},
		{"redirect", redirect, "GET", upstream.Error{Status: 302, Code: upstream.CodeRedirect}, 1},
		{"not-modified", answer(304, ""), "GET", upstream.Error{Status: 304, Code: upstream.CodeRedirect}, 1},
		{"refused-with-200", refusedWith200, "GET", upstream.Error{Status: 200, Code: "AUTH_FAILED"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Options{Reject: func(_ int, h http.Header) string { return h.Get("X-Refused") }}, tt.handler)
			_, err := r.Do(t.Context(), Request{Op: "x.do", Method: tt.method})
			tt.want.Upstream, tt.want.Op = "jira", "x.do"
			assert.Equal(t, &tt.want, asError(t, err))
			assert.Equal(t, tt.calls, r.calls.Load())
		})
	}
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/login", http.StatusFound)
}

func refusedWith200(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Refused", "AUTH_FAILED")
	_, _ = io.WriteString(w, "[]")
}

func TestDoRecoversFromAPassingFailure(t *testing.T) {
	tests := []struct {
		name string
		fail http.HandlerFunc
		want []time.Duration
	}{
		{"server-error", answer(503, ""), []time.Duration{200 * time.Millisecond, 400 * time.Millisecond}},
		{"rate-limit", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(429)
		}, []time.Duration{3 * time.Second, 3 * time.Second}},
		{"reset", reset, []time.Duration{200 * time.Millisecond, 400 * time.Millisecond}},
		{"half-a-body", halfABody, []time.Duration{200 * time.Millisecond, 400 * time.Millisecond}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var n atomic.Int64
			r := newRig(t, Options{}, func(w http.ResponseWriter, req *http.Request) {
				if n.Add(1) < 3 {
					tt.fail(w, req)
					return
				}
				_, _ = io.WriteString(w, "ok")
			})
			// Marked POST: the transport repeats a GET on a reset by itself, which
			// is not what is counted here.
			got, err := r.Do(t.Context(), Request{Op: "x.search", Method: "POST", ReadOnly: true})
			require.NoError(t, err)
			assert.Equal(t, "ok", string(got.Body))
			assert.Equal(t, tt.want, r.pauses)
		})
	}
}

func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

func halfABody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"half":`)
}

func TestDoNeverRepeatsAWriteThatMayHaveArrived(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{"reset": reset, "half-a-body": halfABody, "rate-limit": answer(429, "")} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Options{}, handler)
			_, err := r.Do(t.Context(), Request{Op: "x.write", Method: "POST", JSON: 1})
			require.Error(t, err)
			assert.Equal(t, int64(1), r.calls.Load())
		})
	}
}

// nobodyListens is a port that only root could use. One that was closed may be another
// test's by now.
const nobodyListens = "http://127.0.0.1:1"

func TestDoRepeatsAWriteThatNeverLeft(t *testing.T) {
	r := newRig(t, Options{BaseURL: nobodyListens}, nil)
	_, err := r.Do(t.Context(), Request{Op: "x.write", Method: "POST", JSON: 1})
	assert.Zero(t, asError(t, err).Status)
	assert.Len(t, r.pauses, 2)
}

func TestDoGivesUpWhenRetryAfterOutlastsTheDeadline(t *testing.T) {
	r := newRig(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	_, err := r.Do(t.Context(), Request{Op: "x.get"})
	got := asError(t, err)
	assert.Equal(t, http.StatusTooManyRequests, got.Status)
	assert.Equal(t, time.Minute, got.RetryAfter)
	assert.Empty(t, r.pauses)
	assert.Equal(t, int64(1), r.calls.Load())
}

func TestDoLimitsTheBody(t *testing.T) {
	r := newRig(t, Options{MaxBody: 10}, func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", len(req.URL.Query().Get("size"))))
	})
	for size, wantCode := range map[int]string{10: "", 11: upstream.CodeTooLarge} {
		_, err := r.Do(t.Context(), Request{Op: "x.get", Query: map[string][]string{"size": {strings.Repeat("1", size)}}})
		if wantCode == "" {
			assert.NoError(t, err)
			continue
		}
		got := asError(t, err)
		assert.Equal(t, wantCode, got.Code)
		assert.Equal(t, http.StatusOK, got.Status)
	}
	assert.Empty(t, r.pauses, "a body that is too large is not asked for again")
}

// silence is an upstream that never answers. It counts the requests.
type silence int

func (s *silence) RoundTrip(r *http.Request) (*http.Response, error) {
	*s++
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestDoEndsAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls silence
		c, err := New(Options{Upstream: "jira", BaseURL: "https://jira.example", Transport: &calls})
		require.NoError(t, err)
		began := time.Now()
		_, err = c.Do(t.Context(), Request{Op: "x.get", Timeout: 50 * time.Millisecond})
		got := asError(t, err)
		assert.True(t, got.Timeout())
		assert.Zero(t, got.Status)
		assert.Equal(t, 50*time.Millisecond, time.Since(began))
		assert.EqualValues(t, 1, calls)
	})
}

func TestDoTriesAgainWhenOnlyTheAttemptWasLate(t *testing.T) {
	var n atomic.Int64
	r := newRig(t, Options{}, func(w http.ResponseWriter, req *http.Request) {
		if n.Add(1) == 1 {
			<-req.Context().Done()
			return
		}
		_, _ = io.WriteString(w, "ok")
	})
	got, err := r.Do(t.Context(), Request{Op: "x.get", Attempt: 100 * time.Millisecond})
	require.NoError(t, err)
	assert.Equal(t, "ok", string(got.Body))
}

func TestDoStopsWhenTheCallerHangsUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newRig(t, Options{}, func(_ http.ResponseWriter, req *http.Request) {
		cancel()
		<-req.Context().Done()
	})
	_, err := r.Do(ctx, Request{Op: "x.get"})
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, asError(t, err).Timeout())
	assert.Empty(t, r.pauses)
}

func TestDoDoesNotRetryABadCertificate(t *testing.T) {
	srv := httptest.NewUnstartedServer(answer(200, "{}"))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	r := newRig(t, Options{BaseURL: srv.URL}, nil) // its transport does not know the authority
	_, err := r.Do(t.Context(), Request{Op: "x.get"})
	var bad *tls.CertificateVerificationError
	require.ErrorAs(t, err, &bad)
	assert.Empty(t, r.pauses)
}

func TestDecodeOfSomethingElse(t *testing.T) {
	r := newRig(t, Options{}, answer(200, "<html>sign in</html>"))
	resp, err := r.Do(t.Context(), Request{Op: "x.get"})
	require.NoError(t, err)
	got := asError(t, resp.Decode(&struct{}{}))
	assert.Equal(t, upstream.CodeBadBody, got.Code)
	assert.Equal(t, http.StatusOK, got.Status)
	assert.NotContains(t, got.Error(), "sign in")
}

func TestNoSecretLeavesTheClient(t *testing.T) {
	const token, cookie = "tok-5up3r-s3cret", "cook1e-s3cret"
	header := http.Header{"Authorization": {"Token " + token}, "Cookie": {"tenant.session.token=" + cookie}}
	echo := func(w http.ResponseWriter, req *http.Request) {
		w.WriteHeader(401)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": req.Header.Get("Authorization"),
			"message": "bad: " + req.Header.Get("Authorization") + " and " + req.Header.Get("Cookie")})
	}
	for name, r := range map[string]*rig{
		"echoed":  newRig(t, Options{}, echo),
		"refused": newRig(t, Options{BaseURL: nobodyListens}, nil),
		"reset":   newRig(t, Options{}, reset),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Do(t.Context(), Request{Op: "x.get", Header: header, Query: map[string][]string{"q": {"An Le"}}})
			all := err.Error() + r.log.String()
			assert.NotContains(t, all, token)
			assert.NotContains(t, all, cookie)
			assert.NotContains(t, all, "An Le")
			assert.NotContains(t, all, "An+Le")
		})
	}
}

func TestOneLogLineAndTheTimePerCall(t *testing.T) {
	r := newRig(t, Options{}, answer(503, `{"code":"BUSY","message":"issue ABC-7 is locked"}`))
	ctx, timing := upstream.WithTiming(upstream.WithRequestID(t.Context(), "req-9"))
	_, err := r.Do(ctx, Request{Op: "issues.get", Path: []string{"issue", "ABC-7"}})
	require.Error(t, err)

	var line map[string]any
	require.NoError(t, json.Unmarshal(r.log.Bytes(), &line), "exactly one line")
	assert.Positive(t, line["duration"])
	delete(line, "time")
	delete(line, "duration")
	assert.Equal(t, map[string]any{"level": "DEBUG", "msg": "upstream call", "upstream": "jira", "op": "issues.get",
		"status": 503.0, "code": "BUSY", "attempts": 3.0, "request_id": "req-9"}, line)
	assert.Positive(t, timing.Summary().Upstreams)
}

func TestOneTransportKeepsConnections(t *testing.T) {
	var mu sync.Mutex
	peers := map[string]bool{}
	r := newRig(t, Options{}, func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		peers[req.RemoteAddr] = true
		w.WriteHeader(500)
		_, _ = io.WriteString(w, strings.Repeat("x", 100<<10)) // more than is read for the message
	})
	for range 4 {
		_, err := r.Do(t.Context(), Request{Op: "x.do", Method: "POST"})
		require.Error(t, err)
	}
	assert.Len(t, peers, 1, "an answer that was not read to its end costs the connection")
}
