package rest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

func TestJudge(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for name, c := range map[string]struct {
		failed upstream.Error
		given  time.Duration
		want   upstream.Verdict
	}{
		"refused":                {upstream.Error{Err: refused}, 5 * time.Second, upstream.Failed},
		"reset":                  {upstream.Error{Err: syscall.ECONNRESET}, 5 * time.Second, upstream.Failed},
		"half-an-answer":         {upstream.Error{Status: 200, Err: fmt.Errorf("read answer: %w", io.ErrUnexpectedEOF)}, 5 * time.Second, upstream.Failed},
		"not-its-certificate":    {upstream.Error{Err: &tls.CertificateVerificationError{}}, 5 * time.Second, upstream.Failed},
		"no-answer-in-time":      {upstream.Error{Err: context.DeadlineExceeded}, 5 * time.Second, upstream.Failed},
		"just-enough-time":       {upstream.Error{Err: context.DeadlineExceeded}, time.Second, upstream.Failed},
		"hardly-any-time":        {upstream.Error{Err: context.DeadlineExceeded}, 999 * time.Millisecond, upstream.Unclear},
		"no-time":                {upstream.Error{Err: context.DeadlineExceeded}, 0, upstream.Unclear},
		"refused-in-no-time":     {upstream.Error{Err: refused}, time.Millisecond, upstream.Failed},
		"body-not-in-time":       {upstream.Error{Status: 200, Err: fmt.Errorf("read answer: %w", context.DeadlineExceeded)}, 5 * time.Second, upstream.Failed},
		"hung-up":                {upstream.Error{Err: context.Canceled}, 5 * time.Second, upstream.Unclear},
		"hung-up-amid-the-body":  {upstream.Error{Status: 200, Err: fmt.Errorf("read answer: %w", context.Canceled)}, 5 * time.Second, upstream.Unclear},
		"could-not-be-built":     {upstream.Error{Err: &notSentError{io.EOF}}, 5 * time.Second, upstream.Unclear},
		"500":                    {upstream.Error{Status: 500}, 5 * time.Second, upstream.Failed},
		"503-with-a-wait":        {upstream.Error{Status: 503, RetryAfter: time.Second}, 5 * time.Second, upstream.Failed},
		"504-in-no-time":         {upstream.Error{Status: 504}, time.Millisecond, upstream.Failed},
		"429":                    {upstream.Error{Status: 429, RetryAfter: time.Minute}, 5 * time.Second, upstream.Answered},
		"401":                    {upstream.Error{Status: 401}, 5 * time.Second, upstream.Answered},
		"404":                    {upstream.Error{Status: 404}, 5 * time.Second, upstream.Answered},
		"redirect":               {upstream.Error{Status: 302, Code: upstream.CodeRedirect}, 5 * time.Second, upstream.Answered},
		"refused-with-200":       {upstream.Error{Status: 200, Code: upstream.CodeAuthFailed}, 5 * time.Second, upstream.Answered},
		"more-than-can-be-read":  {upstream.Error{Status: 200, Code: upstream.CodeTooLarge, Err: errTooLarge}, 5 * time.Second, upstream.Answered},
		"error-larger-than-that": {upstream.Error{Status: 500, Code: upstream.CodeTooLarge}, 5 * time.Second, upstream.Failed},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, judge(&c.failed, c.given)) })
	}
}

// brittle is a breaker that some failures open for a minute, on a clock that
// stands still.
func brittle(failures int) *upstream.Breaker {
	now := time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC)
	return upstream.NewBreaker(upstream.BreakerOptions{Upstream: "jira", Failures: failures, OpenFor: time.Minute,
		Now: func() time.Time { return now }, Jitter: func() float64 { return 0 }})
}

// An open breaker refuses reads and writes of every client of the service,
// before anything is sent.
func TestOpenBreakerSendsNothing(t *testing.T) {
	breaker := brittle(2)
	r := newRig(t, Options{Breaker: breaker}, answer(500, `{"code":"BROKEN"}`))
	other := newRig(t, Options{Breaker: breaker}, answer(200, "{}"))
	for range 2 {
		_, err := r.Do(t.Context(), Request{Op: "x.write", Method: "POST"})
		assert.Equal(t, 500, asError(t, err).Status)
	}
	for _, client := range []*rig{r, other} {
		before := client.calls.Load()
		for _, method := range []string{"GET", "POST"} {
			_, err := client.Do(t.Context(), Request{Op: "x.do", Method: method})
			assert.Equal(t, &upstream.Error{Upstream: "jira", Op: "x.do", RetryAfter: time.Minute, Err: upstream.ErrOpen}, asError(t, err))
			assert.ErrorIs(t, err, upstream.ErrOpen)
			assert.False(t, asError(t, err).Timeout())
		}
		assert.Equal(t, before, client.calls.Load(), "nothing is sent")
		assert.Empty(t, client.pauses, "nothing is repeated")
	}
}

// Attempts count one by one, and no repetition goes to an upstream that has
// just been given up: the call returns its own failure.
func TestBreakerOpensAmidRepetitions(t *testing.T) {
	r := newRig(t, Options{Breaker: brittle(2)}, answer(503, `{"code":"BROKEN","message":"later"}`))
	_, err := r.Do(t.Context(), Request{Op: "x.get"})
	got := asError(t, err)
	assert.Equal(t, 503, got.Status)
	assert.Equal(t, "BROKEN", got.Code)
	assert.NotErrorIs(t, err, upstream.ErrOpen)
	assert.EqualValues(t, 2, r.calls.Load(), "not three")
}

func TestBreakerCountsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls silence
		c, err := New(Options{Upstream: "jira", BaseURL: "https://jira.example", Transport: &calls, Breaker: brittle(2)})
		require.NoError(t, err)
		for range 2 {
			_, err := c.Do(t.Context(), Request{Op: "x.get", Timeout: minPatience})
			assert.True(t, asError(t, err).Timeout())
		}
		_, err = c.Do(t.Context(), Request{Op: "x.get"})
		assert.ErrorIs(t, err, upstream.ErrOpen)
		assert.EqualValues(t, 2, calls)
	})
}

// Neither callers who hang up nor those who were late already speak for an
// upstream, nor does one that answers, whatever it says.
func TestBreakerStaysClosed(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		ask     func(*rig) error
	}{
		"hung-up": {hang, func(r *rig) error {
			ctx, hangUp := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, hangUp)
			_, err := r.Do(ctx, Request{Op: "x.get"})
			return err
		}},
		"late": {hang, func(r *rig) error {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			_, err := r.Do(ctx, Request{Op: "x.get"})
			return err
		}},
		"refused": {answer(403, "{}"), func(r *rig) error { _, err := r.Do(t.Context(), Request{Op: "x.get"}); return err }},
		"limited": {answer(429, "{}"), func(r *rig) error { _, err := r.Do(t.Context(), Request{Op: "x.get"}); return err }},
		"huge": {answer(200, "0123456789"), func(r *rig) error {
			_, err := r.Do(t.Context(), Request{Op: "x.get", MaxBody: 5})
			return err
		}},
		"not-a-path": {answer(200, "{}"), func(r *rig) error {
			_, err := r.Do(t.Context(), Request{Op: "x.get", Path: []string{".."}})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			breaker := brittle(1)
			r := newRig(t, Options{Breaker: breaker}, c.handler)
			for range 3 {
				err := c.ask(r)
				require.Error(t, err)
				assert.NotErrorIs(t, err, upstream.ErrOpen)
			}
			assert.Zero(t, breaker.FailingSince())
		})
	}
}
