package main

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/pkg/app"
)

// counted counts round trips.
type counted struct {
	app.Redis
	n atomic.Int64
}

func (r *counted) Do(ctx context.Context, cmd ...any) (any, error) {
	r.n.Add(1)
	return r.Redis.Do(ctx, cmd...)
}

func (r *counted) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	r.n.Add(1)
	return r.Redis.Pipeline(ctx, cmds...)
}

func printHeader(w io.Writer) {
	fmt.Fprintf(w, "one sync by a process without any cache; median time of %d.\nSlow: each call to Clockwork and Jira takes %s longer. Load average %s\n\n", repeats, slowness, process.LoadAverage())
	fmt.Fprintf(w, "%-15s %11s %-12s | %8s %5s %9s | %8s %5s %5s %6s %5s | %9s %9s\n",
		"redis", "timers/users", "run", "commands", "trips", "ms", "requests", "pages", "users", "issues", "token", "KB in", "KB out")
}

func printRow(w io.Writer, way string, timers, users int, name string, f figures, goal time.Duration) {
	count := func(operations ...string) (n int) {
		for _, operation := range operations {
			n += f.requests[operation]
		}
		return n
	}
	all := 0
	for _, n := range f.requests {
		all += n
	}
	in, out := "-", "-" // bytes are not counted over TCP
	if f.usage.RoundTrips > 0 {
		in, out = fmt.Sprintf("%.1f", float64(f.usage.BytesIn)/1024), fmt.Sprintf("%.1f", float64(f.usage.BytesOut)/1024)
	}
	beside := ""
	if goal > 0 {
		beside = fmt.Sprintf(" | goal %d ms", goal.Milliseconds())
		if f.took > goal {
			beside += " MISSED"
		}
	}
	fmt.Fprintf(w, "%-15s %12s %-12s | %8d %5d %9.1f | %8d %5d %5d %6d %5d | %9s %9s%s\n",
		way, fmt.Sprintf("%d/%d", timers, users), name, f.usage.Commands, f.trips, float64(f.took.Microseconds())/1000,
		all, count("forge.invoke", "report.timers"), count("jira.user_bulk"), count("jira.issue_bulkfetch"),
		count("jira.tenant_info", "forge.apps", "forge.sign_context_token", "connect.servlet"), in, out, beside)
}
