package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
)

// readers is how many clients read at the same time, each on its own connection.
const readers = 8

// read is a request to measure. Its goal is a CPU time, or a multiple (times) of the
// bare handler's.
type read struct {
	name, kind string
	path       func(person) string
	shortest   int // least length of a complete answer, in bytes
	goal       time.Duration
	times      float64
}

func ofOne(p person) string   { return "/api/timers/active?accountId=" + p.account }
func ofAll(person) string     { return "/api/timers/active" }
func ofIssue(p person) string { return "/api/issues/" + p.issueKey }

// all are the reads to measure. The first is the one to compare with.
var all = []read{
	{"one person, one MGET", kindBare, ofOne, 500, 0, 0},
	{"one person", kindOpen, ofOne, 500, 0, 1.5},
	{"one person, logged in", kindServer, ofOne, 500, 0, 0},
	{"one issue", kindOpen, ofIssue, 100, 0, 1.6},
	{"everybody's 500 timers", kindOpen, ofAll, 500, 500 * time.Microsecond, 0},
}

// reads measures what reads cost on a site of 500 timers.
func reads(ctx context.Context, stdout io.Writer, profile string, length time.Duration) error {
	var own process.Cleanup
	defer own.Run()
	w, err := newWorld(ctx, &own, 500)
	if err != nil {
		return err
	}
	servers := make([]*instance, len(all))
	for n, r := range all {
		name := profile
		if name != "" {
			name += "-read-" + strings.ReplaceAll(r.name, " ", "-")
		}
		if servers[n], err = w.start(ctx, &own, r.kind, name); err != nil {
			return err
		}
	}
	tallies := make([]tally, len(all))
	for range turns {
		for n, r := range all {
			clients := make([]func(context.Context) error, readers)
			for i, p := range w.busy[:readers] {
				clients[i] = func(ctx context.Context) error { return servers[n].read(ctx, p, r) }
			}
			if err := tallies[n].measure(ctx, servers[n], clients, length/turns); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
		}
	}
	printReadHeader(stdout, length)
	bare := tallies[0].figures()
	for n, r := range all {
		f := tallies[n].figures()
		if f.first != nil {
			return fmt.Errorf("%s: %w", r.name, f.first)
		}
		printRead(stdout, r, f, bare)
	}
	return nil
}

func (i *instance) read(ctx context.Context, p person, what read) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, i.url+what.path(p), nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+p.bearer)
	status, answer, err := i.do(r)
	if err == nil && (status != http.StatusOK || len(answer) < what.shortest) {
		err = fmt.Errorf("status %d: %s", status, answer)
	}
	return err
}
