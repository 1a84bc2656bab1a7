package app

import (
	"log/slog"
	"time"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// When a circuit breaker opens, and for how long: after two calls with their retries,
// or five timeouts. A short outage costs two seconds.
const (
	upstreamFailures = 5
	upstreamOpen     = 2 * time.Second
	upstreamMaxOpen  = 30 * time.Second
)

// breakers has one circuit breaker for each service that can fail by itself. A Jira
// site's REST API, Connect servlet and GraphQL gateway have one host but fail
// separately, and TIMER_SOURCE=auto falls back from one to the other.
type breakers struct {
	clockwork, report, jira, connect, forge, redis *upstream.Breaker
}

func newBreakers(log *slog.Logger, now func() time.Time) breakers {
	breaker := func(name string) *upstream.Breaker {
		return upstream.NewBreaker(upstream.BreakerOptions{Upstream: name, Log: log, Now: now,
			Failures: upstreamFailures, OpenFor: upstreamOpen, MaxOpen: upstreamMaxOpen})
	}
	return breakers{
		clockwork: breaker("clockwork"), report: breaker("clockwork report"),
		jira: breaker("jira"), connect: breaker("jira connect"), forge: breaker("jira forge"),
		redis: redis.NewBreaker(log, now),
	}
}

// each calls report for each breaker: whether it refuses calls.
func (b breakers) each(report func(upstream string, open bool)) {
	for name, one := range map[string]*upstream.Breaker{
		"clockwork": b.clockwork, "clockwork report": b.report, "jira": b.jira, "jira connect": b.connect, "jira forge": b.forge, "redis": b.redis,
	} {
		report(name, one.Open())
	}
}
