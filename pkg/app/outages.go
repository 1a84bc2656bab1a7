package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

const (
	// outagesKey holds since when each dependency is down, as JSON: an instance
	// that has just begun knows nothing of an outage, and on Vercel health has
	// instances of its own. It costs no command while all is well.
	outagesKey = "clockwork:outages"
	// outagesLife is how long after the last look an outage counts as the same.
	outagesLife = 10 * time.Minute
)

// outages is since when each dependency is down, as far as this process knows.
// A checkup at a time uses it.
type outages struct{ since map[string]time.Time }

// date tells each check that is down since when: the earliest that this process,
// its breakers or another instance knows of.
func (o *outages) date(ctx context.Context, d *Deps, checks map[string]check) {
	now := d.Now().UTC().Truncate(time.Millisecond)
	down := map[string]time.Time{}
	for name, c := range checks {
		if c.Status == "down" && c.DownSince == nil {
			down[name] = earlier(earlier(now, o.since[name]), d.breakerOf(name).FailingSince().UTC().Truncate(time.Millisecond))
		}
	}
	o.since = down
	if len(down) == 0 {
		return
	}
	if checks["redis"].Status == "up" {
		o.share(ctx, d)
	}
	for name, since := range down {
		c := checks[name]
		c.DownSince = &since
		checks[name] = c
	}
}

// share takes in what other instances know, and tells them. A Redis that fails
// meanwhile only makes the answer poorer.
func (o *outages) share(ctx context.Context, d *Deps) {
	var known map[string]time.Time
	if raw, err := d.Redis.Do(ctx, "GET", outagesKey); err == nil {
		if text, ok := raw.(string); ok && json.Unmarshal([]byte(text), &known) != nil {
			known = nil
		}
	}
	for name, since := range o.since {
		o.since[name] = earlier(since, known[name].UTC())
	}
	encoded, err := json.Marshal(o.since)
	if err == nil {
		_, err = d.Redis.Do(ctx, "SET", outagesKey, string(encoded), "EX", int(outagesLife/time.Second))
	}
	if err != nil {
		d.Log.WarnContext(ctx, "outages not shared", "error", err)
	}
}

// earlier ignores a time that is not known.
func earlier(t, other time.Time) time.Time {
	if !other.IsZero() && other.Before(t) {
		return other
	}
	return t
}

// breakerOf is the breaker of what a check asks, or nil.
func (d *Deps) breakerOf(check string) *upstream.Breaker {
	return map[string]*upstream.Breaker{"clockwork": d.breakers.clockwork, "jira": d.breakers.jira, "redis": d.breakers.redis}[check]
}
