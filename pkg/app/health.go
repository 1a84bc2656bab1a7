package app

import (
	"time"

	"github.com/clockwork-timer/backend/pkg/health"
	"github.com/clockwork-timer/backend/pkg/timersync"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

func (d *Deps) newHealth() *health.Checker {
	breakers := map[string]*upstream.Breaker{"clockwork": d.breakers.clockwork, "jira": d.breakers.jira, "redis": d.breakers.redis}
	return &health.Checker{
		Config: d.Config, Redis: d.Redis, Jira: d.Jira, Clockwork: d.Clockwork, Timers: d.Timers,
		Sources:      func() ([]timersync.Source, error) { return sources(d) },
		Inngest:      d.inngest,
		Messages:     d.feed.check,
		FailingSince: func(dependency string) time.Time { return breakers[dependency].FailingSince() },
		Timeout:      d.Deadlines.Check, Now: d.Now, Log: d.Log,
	}
}
