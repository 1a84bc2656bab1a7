package app

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Service is this backend's name in its answers.
const Service = "clockwork-timers"

type healthReply struct {
	Status    string           `json:"status"` // ok, or degraded where a check is down
	Service   string           `json:"service"`
	Version   string           `json:"version"`
	Timestamp time.Time        `json:"timestamp"`
	CheckedAt *time.Time       `json:"checkedAt,omitempty"` // of the checks; up to some seconds before
	Checks    map[string]check `json:"checks,omitempty"`
}

// check is one dependency's state, fit for the public: no address, no text of
// an upstream's.
type check struct {
	Status     string `json:"status"` // up, down, ending, stale, at_risk, unknown, not_configured
	DurationMS int64  `json:"durationMs"`
	// DownSince is the first failure that is known of, of a dependency that is
	// down.
	DownSince *time.Time `json:"downSince,omitempty"`
	Message   string     `json:"message,omitempty"`
}

// Health says whether the service runs; deep, also whether what it depends on
// does: 503 where something is down. An error means that the caller did not
// wait.
func Health(ctx context.Context, d *Deps, deep bool) (web.Reply, error) {
	reply := healthReply{Status: "ok", Service: Service, Version: Version(d.Config), Timestamp: d.Now().UTC().Truncate(time.Millisecond)}
	status := http.StatusOK
	if deep {
		found, err := d.checkup.result(ctx, d)
		if err != nil {
			return web.Reply{}, err
		}
		reply.Checks, reply.CheckedAt = found.checks, found.at
		for _, c := range reply.Checks {
			if c.Status == "down" {
				reply.Status, status = "degraded", http.StatusServiceUnavailable
			}
		}
	}
	return web.Reply{Status: status, Body: reply}, nil
}

// Version is the deployed commit, or "dev".
func Version(c *config.Config) string {
	if c.Platform.Commit == "" {
		return "dev"
	}
	return c.Platform.Commit[:min(7, len(c.Platform.Commit))]
}
