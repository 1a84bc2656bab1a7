package sleep_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/internal/sleep"
)

func TestFor(t *testing.T) {
	for name, tc := range map[string]struct {
		wait, deadline, want time.Duration
		err                  error
	}{
		"whole-wait":   {wait: time.Second, deadline: time.Hour, want: time.Second},
		"context-ends": {wait: time.Hour, deadline: time.Second, want: time.Second, err: context.DeadlineExceeded},
		"nothing":      {deadline: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tc.deadline)
				defer cancel()
				began := time.Now()
				assert.ErrorIs(t, sleep.For(ctx, tc.wait), tc.err)
				assert.Equal(t, tc.want, time.Since(began))
			})
		})
	}
}
