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

// turns is in how many parts each load is measured, in turn with those that it is
// compared with: so a machine that is slow for a while is so for all of them.
const turns = 5

// tally adds up the parts of one load.
type tally struct {
	times     []time.Duration
	refused   []error
	took, cpu time.Duration
}

// load lets people start and stop alternately for that long. Before, each does both
// once without being measured, so that connections are open and names are cached.
func load(ctx context.Context, server *instance, people []person, length time.Duration, t *tally) error {
	clients := make([]func(context.Context) error, len(people))
	for n, p := range people {
		turn := 0
		clients[n] = func(ctx context.Context) error {
			turn++
			if turn%2 == 1 {
				return server.act(ctx, p, "start")
			}
			return server.act(ctx, p, "stop")
		}
	}
	err := t.measure(ctx, server, clients, length)
	// A timer that still runs would disturb the next load.
	for _, p := range people {
		_ = server.act(ctx, p, "stop") // usually nothing runs
	}
	return err
}

// measure runs all clients at the same time, each of them repeatedly.
func (t *tally) measure(ctx context.Context, server *instance, clients []func(context.Context) error, length time.Duration) error {
	warm := make([]error, len(clients))
	var all sync.WaitGroup
	for n, client := range clients {
		all.Go(func() { warm[n] = errors.Join(client(ctx), client(ctx)) })
	}
	all.Wait()
	if err := errors.Join(warm...); err != nil {
		return err
	}
	before, err := server.CPU(ctx)
	if err != nil {
		return err
	}
	samples := make([]tally, len(clients))
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
		return err
	}
	t.took, t.cpu = t.took+took, t.cpu+after-before
	for _, s := range samples {
		t.times, t.refused = append(t.times, s.times...), append(t.refused, s.refused...)
	}
	return ctx.Err()
}

func (t *tally) figures() (f figures) {
	if f.refused = len(t.refused); f.refused > 0 {
		f.first = t.refused[0]
	}
	if len(t.times) == 0 {
		return f
	}
	slices.Sort(t.times)
	f.rate = float64(len(t.times)) / t.took.Seconds()
	f.p50, f.p99 = t.times[len(t.times)/2], t.times[len(t.times)*99/100]
	f.cpu = t.cpu / time.Duration(len(t.times)+f.refused)
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
