package health

import (
	"context"
	"encoding/json"
	"time"
)

const (
	// outagesKey holds since when each dependency is down, as JSON: an instance
	// that has just begun knows nothing of an outage, and on Vercel the health
	// route has instances of its own. It costs no command while all is well.
	outagesKey = "clockwork:outages"
	// outagesLife is how long after the last report an outage counts as the same.
	outagesLife = 10 * time.Minute
)

// dateOutages sets DownSince of each check that is down to the earliest failure
// that this process, its breakers or another instance knows of.
func (c *Checker) dateOutages(ctx context.Context, checks map[string]Check) {
	now := c.Now().UTC().Truncate(time.Millisecond)
	down := map[string]time.Time{}
	for name, check := range checks {
		if check.Status == "down" && check.DownSince == nil {
			down[name] = earlier(earlier(now, c.since[name]), c.FailingSince(name).UTC().Truncate(time.Millisecond))
		}
	}
	c.since = down
	if len(down) == 0 {
		return
	}
	if checks["redis"].Status == "up" {
		c.shareOutages(ctx)
	}
	for name, since := range down {
		check := checks[name]
		check.DownSince = &since
		checks[name] = check
	}
}

// shareOutages reads what other instances know, and adds what this one knows. If
// Redis fails meanwhile, the report is only less exact.
func (c *Checker) shareOutages(ctx context.Context) {
	var known map[string]time.Time
	if raw, err := c.Redis.Do(ctx, "GET", outagesKey); err == nil {
		if text, ok := raw.(string); ok && json.Unmarshal([]byte(text), &known) != nil {
			known = nil
		}
	}
	for name, since := range c.since {
		c.since[name] = earlier(since, known[name].UTC())
	}
	encoded, err := json.Marshal(c.since)
	if err == nil {
		_, err = c.Redis.Do(ctx, "SET", outagesKey, string(encoded), "EX", int(outagesLife/time.Second))
	}
	if err != nil {
		c.Log.WarnContext(ctx, "outages not shared", "error", err)
	}
}

// earlier ignores an other that is zero.
func earlier(t, other time.Time) time.Time {
	if !other.IsZero() && other.Before(t) {
		return other
	}
	return t
}
