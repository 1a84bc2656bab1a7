package rest

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var noon = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		name, retryAfter, reset string
		want                    time.Duration
	}{
		{"seconds", "7", "", 7 * time.Second},
		{"seconds-with-space", " 7 ", "", 7 * time.Second},
		{"zero", "0", "", 0},
		{"http-date", "Thu, 05 Mar 2026 12:00:30 GMT", "", 30 * time.Second},
		{"date-in-the-past", "Thu, 05 Mar 2026 11:00:00 GMT", "", 0},
		{"negative", "-3", "", 0},
		{"nonsense", "soon", "", 0},
		{"absurd", "2000000000", "", 24 * time.Hour},
		{"absent", "", "", 0},
		{"reset-without-seconds", "", "2026-03-05T12:01Z", time.Minute},
		{"reset-rfc-3339", "", "2026-03-05T12:00:05Z", 5 * time.Second},
		{"retry-after-before-reset", "2", "2026-03-05T12:01Z", 2 * time.Second},
		{"reset-as-a-number", "", "1772712000", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			h.Set("Retry-After", tt.retryAfter)
			h.Set("X-RateLimit-Reset", tt.reset)
			assert.Equal(t, tt.want, RetryAfter(h, noon))
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "7", "99999999999999999999", "Thu, 05 Mar 2026 12:00:30 GMT", "-1", "1.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, v string) {
		got := RetryAfter(http.Header{"Retry-After": {v}}, noon)
		assert.GreaterOrEqual(t, got, time.Duration(0))
		assert.LessOrEqual(t, got, maxRetryAfter)
	})
}
