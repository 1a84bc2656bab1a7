package rest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter keeps a nonsensical number from overflowing.
const maxRetryAfter = 24 * time.Hour

// Atlassian leaves the seconds out: 2026-03-05T10:15Z.
const layoutWithoutSeconds = "2006-01-02T15:04Z07:00"

// Date is when the upstream answered, by its own clock; zero if it does not say.
func Date(h http.Header) time.Time {
	at, _ := http.ParseTime(h.Get("Date"))
	return at.UTC()
}

// RetryAfter reads how long the upstream asks to wait: Retry-After as seconds
// or as an HTTP date, else Jira's X-RateLimit-Reset as an ISO time. It is 0
// when neither says anything, or the time has passed.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if v := strings.TrimSpace(h.Get("Retry-After")); v != "" {
		return parseRetryAfter(v, now)
	}
	reset := strings.TrimSpace(h.Get("X-RateLimit-Reset"))
	for _, layout := range []string{time.RFC3339, layoutWithoutSeconds} {
		if t, err := time.Parse(layout, reset); err == nil {
			return clampWait(t.Sub(now))
		}
	}
	return 0
}

func parseRetryAfter(v string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(v, 10, 31); err == nil {
		return clampWait(time.Duration(seconds) * time.Second)
	}
	if t, err := http.ParseTime(v); err == nil {
		return clampWait(t.Sub(now))
	}
	return 0
}

func clampWait(d time.Duration) time.Duration { return max(0, min(d, maxRetryAfter)) }
