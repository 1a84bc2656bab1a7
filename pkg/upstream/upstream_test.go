package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

func TestErrorText(t *testing.T) {
	boom := errors.New("connection reset")
	tests := []struct {
		name string
		err  upstream.Error
		want string
	}{
		{"nothing-came-back", upstream.Error{Upstream: "jira", Op: "issues.get", Err: boom}, "jira issues.get: connection reset"},
		{"status-only", upstream.Error{Upstream: "jira", Op: "issues.get", Status: 500}, "jira issues.get: status 500"},
		{"everything", upstream.Error{Upstream: "clockwork", Op: "timers.stop", Status: 422, Code: "INVALID", Message: "no timer", Err: boom},
			"clockwork timers.stop: status 422 (INVALID): no timer: connection reset"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, tt.err.Error()) })
	}
}

func TestErrorTimeout(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"deadline", fmt.Errorf("send: %w", context.DeadlineExceeded), true},
		{"connection-timeout", fmt.Errorf("read: %w", os.ErrDeadlineExceeded), true},
		{"cancelled", context.Canceled, false},
		{"none", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := &upstream.Error{Err: tt.err}
			assert.Equal(t, tt.want, err.Timeout())
			if tt.err != nil {
				assert.ErrorIs(t, err, tt.err)
			}
		})
	}
}

func TestErrorUnsent(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"refused", fmt.Errorf("send: %w", &net.OpError{Op: "dial", Err: errors.New("connection refused")}), true},
		{"not-asked", fmt.Errorf("send: %w", upstream.ErrOpen), true},
		{"answer-lost", &net.OpError{Op: "read", Err: errors.New("connection reset")}, false},
		{"late", context.DeadlineExceeded, false},
		{"answered", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, (&upstream.Error{Err: tt.err}).Unsent())
		})
	}
}

func TestRequestID(t *testing.T) {
	assert.Empty(t, upstream.RequestID(t.Context()))
	assert.Equal(t, "r1", upstream.RequestID(upstream.WithRequestID(t.Context(), "r1")))
}

func TestTimingAddsUpFromManyGoroutines(t *testing.T) {
	upstream.Record(t.Context(), "jira", time.Second) // no Timing in the context: must not fail

	ctx, timing := upstream.WithTiming(t.Context())
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			upstream.Record(ctx, "jira", time.Millisecond)
			upstream.Record(ctx, "clockwork", 2*time.Millisecond)
		})
	}
	wg.Wait()
	assert.Equal(t, "total;dur=1234.0, clockwork;dur=100.0, jira;dur=50.0", timing.ServerTiming(1234*time.Millisecond))
}
