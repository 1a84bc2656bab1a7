package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/e2e/lambdaruntime"
)

// Counts of one measurement.
const (
	coldStarts   = 25
	warmRequests = 300
)

// spread is the median and the 95th percentile of a measurement.
type spread struct{ p50, p95 time.Duration }

func spreadOf(times []time.Duration) spread {
	slices.Sort(times)
	return spread{p50: times[len(times)/2], p95: times[len(times)*95/100]}
}

// target is a program and the request that is timed on it.
type target struct {
	name      string
	bootstrap string
	size      int64
	env       []string
	request   func(context.Context) (*http.Request, error)
	status    int // what the request must be answered with
}

// figures are what was measured on a target.
type figures struct{ cold, warm spread }

// measure times the first answer of new processes, from before the start of the
// program, and then the answers of one that is warm.
func (g target) measure(ctx context.Context) (figures, error) {
	var f figures
	var cold, warm []time.Duration
	for range coldStarts {
		took, err := g.coldStart(ctx)
		if err != nil {
			return f, fmt.Errorf("%s: cold start: %w", g.name, err)
		}
		cold = append(cold, took)
	}
	fn, err := lambdaruntime.Start(g.bootstrap, g.env)
	if err != nil {
		return f, err
	}
	defer fn.Stop()
	for i := range warmRequests + 1 {
		took, err := g.once(ctx, fn)
		if err != nil {
			return f, fmt.Errorf("%s: warm: %w", g.name, err)
		}
		if i > 0 { // the first is a cold one
			warm = append(warm, took)
		}
	}
	return figures{cold: spreadOf(cold), warm: spreadOf(warm)}, nil
}

func (g target) coldStart(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	fn, err := lambdaruntime.Start(g.bootstrap, g.env)
	if err != nil {
		return 0, err
	}
	_, err = g.once(ctx, fn)
	took := time.Since(begin)
	return took, errors.Join(err, fn.Stop())
}

func (g target) once(ctx context.Context, fn *lambdaruntime.Function) (time.Duration, error) {
	req, err := g.request(ctx)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	resp, err := fn.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	took := time.Since(begin)
	defer resp.Body.Close()
	if resp.StatusCode != g.status {
		body, _ := io.ReadAll(resp.Body)
		return 0, fmt.Errorf("status %d, want %d: %s", resp.StatusCode, g.status, body)
	}
	return took, nil
}
