package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/health"
	"github.com/clockwork-timer/backend/pkg/web"
)

type healthReply struct {
	Status    string                  `json:"status"` // ok, or degraded if a check is down
	Service   string                  `json:"service"`
	Version   string                  `json:"version"`
	Timestamp time.Time               `json:"timestamp"`
	CheckedAt *time.Time              `json:"checkedAt,omitempty"` // of the checks; up to some seconds before
	Checks    map[string]health.Check `json:"checks,omitempty"`
}

// Health says whether the service runs; deep, also whether what it depends on
// does: 503 if something is down. An error means that the caller did not wait.
func Health(ctx context.Context, d *app.Deps, deep bool) (web.Reply, error) {
	now := d.Now().UTC().Truncate(time.Millisecond)
	reply := healthReply{Status: "ok", Service: app.Service, Version: app.Version(d.Config), Timestamp: now}
	if !deep {
		return web.OK(reply), nil
	}
	report := health.Report{At: now, Checks: map[string]health.Check{
		"configuration": {Status: "down", Message: "Variables are missing or wrong; every other route names them."}}}
	if d.Health != nil {
		var err error
		if report, err = d.Health.Report(ctx); err != nil {
			return web.Reply{}, err
		}
	}
	reply.CheckedAt, reply.Checks = &report.At, make(map[string]health.Check, len(report.Checks))
	status := http.StatusOK
	for name, check := range report.Checks {
		if check.Status == "down" {
			reply.Status, status = "degraded", http.StatusServiceUnavailable
		}
		if check.Message == "" && check.Err != nil {
			check.Message = errorFor(check.Err, context.Background()).Message
		}
		reply.Checks[name] = check
	}
	return web.Reply{Status: status, Body: reply}, nil
}
