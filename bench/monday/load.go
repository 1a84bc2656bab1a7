package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/idempotency"
)

// figures are what one load measured.
type figures struct {
	rate     float64 // per second
	p50, p99 time.Duration
	cpu      time.Duration // of the server, for each request
	refused  int
	first    error // the first error of a refused request
}

// sample is what one client measured.
type sample struct {
	times   []time.Duration
	refused []error
}

// load lets people start and stop alternately for that long. Before, each does both
// once without being measured, so that connections are open and names are cached.
func (w *world) load(ctx context.Context, server *instance, people int, length time.Duration) (figures, error) {
	clients := make([]func(context.Context) error, people)
	for n, p := range w.people[:people] {
		turn := 0
		clients[n] = func(ctx context.Context) error {
			turn++
			if turn%2 == 1 {
				return server.act(ctx, p, "start")
			}
			return server.act(ctx, p, "stop")
		}
	}
	f, err := measure(ctx, server, clients, length)
	// A timer that still runs would disturb the next load.
	for _, p := range w.people[:people] {
		_ = server.act(ctx, p, "stop") // usually nothing runs
	}
	return f, err
}

// measure runs all clients at the same time, each of them repeatedly.
func measure(ctx context.Context, server *instance, clients []func(context.Context) error, length time.Duration) (figures, error) {
	warm := make([]error, len(clients))
	var all sync.WaitGroup
	for n, client := range clients {
		all.Go(func() { warm[n] = errors.Join(client(ctx), client(ctx)) })
	}
	all.Wait()
	if err := errors.Join(warm...); err != nil {
		return figures{}, err
	}
	before, err := server.CPU(ctx)
	if err != nil {
		return figures{}, err
	}
	samples := make([]sample, len(clients))
	began := time.Now()
	for n, client := range clients {
		all.Go(func() {
			for time.Since(began) < length && ctx.Err() == nil {
				begin := time.Now()
				if err := client(ctx); err != nil {
					samples[n].refused = append(samples[n].refused, err)
					continue
				}
				samples[n].times = append(samples[n].times, time.Since(begin))
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	after, err := server.CPU(ctx)
	if err != nil {
		return figures{}, err
	}
	return summed(samples, took, after-before), ctx.Err()
}

func summed(samples []sample, took, cpu time.Duration) (f figures) {
	var times []time.Duration
	for _, s := range samples {
		times = append(times, s.times...)
		if f.refused += len(s.refused); f.first == nil && len(s.refused) > 0 {
			f.first = s.refused[0]
		}
	}
	if len(times) == 0 {
		return f
	}
	slices.Sort(times)
	f.rate = float64(len(times)) / took.Seconds()
	f.p50, f.p99 = times[len(times)/2], times[len(times)*99/100]
	f.cpu = cpu / time.Duration(len(times)+f.refused)
	return f
}

// act starts or stops the person's timer. An answer that says that the cache does not
// show the change yet counts as refused.
func (i *instance) act(ctx context.Context, p person, what string) error {
	body := fmt.Sprintf(`{"issueKey":%q,"accountId":%q}`, p.issueKey, p.account)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url+"/api/timers/"+what, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+p.bearer)
	r.Header.Set("X-Clockwork-Token", p.token)
	r.Header.Set(idempotency.Header, rand.Text())
	status, answer, err := i.do(r)
	switch {
	case err != nil:
		return err
	case status >= http.StatusMultipleChoices, bytes.Contains(answer, []byte(`"pending":true`)), bytes.Contains(answer, []byte(`"stopped":false`)):
		return fmt.Errorf("%s answered %d: %s", what, status, answer)
	}
	return nil
}
