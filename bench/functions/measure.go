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
	status    int // expected status of the answer
}

// figures are the measurements of a target.
type figures struct{ cold, warm spread }

// measureBeside measures g and another target alternately, so that other work on the
// machine slows both.
func (g target) measureBeside(ctx context.Context, other target) (mine, others figures, err error) {
	both := []target{g, other}
	var cold, warm [2][]time.Duration
	for range coldStarts {
		for i, one := range both {
			took, err := one.coldStart(ctx)
			if err != nil {
				return mine, others, fmt.Errorf("%s: cold start: %w", one.name, err)
			}
			cold[i] = append(cold[i], took)
		}
	}
	for i, one := range both {
		if warm[i], err = one.warm(ctx); err != nil {
			return mine, others, fmt.Errorf("%s: warm: %w", one.name, err)
		}
	}
	return figures{spreadOf(cold[0]), spreadOf(warm[0])}, figures{spreadOf(cold[1]), spreadOf(warm[1])}, nil
}

// warm times the answers of a process that has answered once.
func (g target) warm(ctx context.Context) ([]time.Duration, error) {
	fn, err := lambdaruntime.Start(g.bootstrap, g.env)
	if err != nil {
		return nil, err
	}
	defer fn.Stop()
	var times []time.Duration
	for i := range warmRequests + 1 {
		took, err := g.once(ctx, fn)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			times = append(times, took)
		}
	}
	return times, nil
}

// coldStart times the first answer of a new process, from before its start.
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
