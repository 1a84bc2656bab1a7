package sandbox

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"
)

// RateLimit is a token bucket. Each operation of the upstream has its own, as
// Jira's burst limit has per endpoint and method. The zero value is no limit.
type RateLimit struct {
	Burst     int     `json:"burst"`
	PerSecond float64 `json:"perSecond"`
}

// SetRateLimit limits an upstream (clockwork, report, jira, connect, forge)
// from now on, with full buckets. They refill by Options.Clock.
func (s *Sandbox) SetRateLimit(upstream string, limit RateLimit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits[upstream] = limit
	clear(s.buckets)
}

// withinLimit answers 429 itself when the bucket is empty.
func (s *Sandbox) withinLimit(w http.ResponseWriter, upstream, operation string) bool {
	limit, now, left, allowed := s.takeToken(upstream, operation)
	if limit == (RateLimit{}) {
		return true
	}
	wait := 60
	if limit.PerSecond > 0 {
		wait = max(1, int(math.Ceil((1-math.Min(left, 1))/limit.PerSecond)))
	}
	if upstream == "jira" {
		setJiraLimitHeaders(w.Header(), limit, left, now.Add(time.Duration(wait)*time.Second))
	}
	if allowed {
		return true
	}
	w.Header().Set("Retry-After", strconv.Itoa(wait))
	if upstream == "jira" {
		w.Header().Set("RateLimit-Reason", "jira-burst-based")
		writeJiraError(w, http.StatusTooManyRequests, "Rate limit exceeded.")
	} else {
		writeJSON(w, http.StatusTooManyRequests, map[string]any{"error_message": "Too many requests"})
	}
	return false
}

// takeToken also returns how many tokens are left, in fractions.
func (s *Sandbox) takeToken(upstream, operation string) (limit RateLimit, now time.Time, left float64, allowed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit, now = s.limits[upstream], s.now()
	if limit == (RateLimit{}) {
		return limit, now, 0, true
	}
	bucket := s.buckets[operation]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Limit(limit.PerSecond), limit.Burst)
		s.buckets[operation] = bucket
	}
	allowed = bucket.AllowN(now, 1)
	return limit, now, max(0, bucket.TokensAt(now)), allowed
}

// The reset time has no seconds, as seen on the real site.
func setJiraLimitHeaders(h http.Header, limit RateLimit, left float64, reset time.Time) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(limit.Burst))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(int(left)))
	h.Set("X-RateLimit-NearLimit", strconv.FormatBool(left < 0.2*float64(limit.Burst)))
	h.Set("X-RateLimit-Reset", reset.Format("2006-01-02T15:04Z07:00"))
}
