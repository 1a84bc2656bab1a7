package upstash

import (
	"net/http"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/redis"
)

// refusal is what Redis said, without the token.
func (c *transport) refusal(op string, status int, text string, cmds ...[]string) *redis.Error {
	failed := redis.Refused(op, text, append([][]string{{"", c.token.Reveal()}}, cmds...)...)
	failed.Status = status
	return failed
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 3600)) * time.Second
}
