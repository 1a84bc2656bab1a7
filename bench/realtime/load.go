package main

import (
	"context"
	"errors"
	"strings"
	"time"
)

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// drainTime is how long messages may still take after the last action.
const drainTime = 10 * time.Second

// load sends actions at a rate, waits until every client has every message, and
// returns the figures.
func (w *world) load(ctx context.Context, rate int, length time.Duration) (result, error) {
	latency := &histogram{}
	for _, u := range w.users {
		u.mu.Lock()
		u.latency = latency
		u.mu.Unlock()
	}
	before, err := w.cpu(ctx)
	if err != nil {
		return result{}, err
	}
	began := time.Now()
	sent, err := w.send(ctx, rate, length)
	if err != nil {
		return result{}, err
	}
	took := time.Since(began)
	lost, err := w.await(ctx)
	if err != nil {
		return result{}, err
	}
	after, err := w.cpu(ctx)
	if err != nil {
		return result{}, err
	}
	return result{achieved: float64(sent) / took.Seconds(), latency: latency.quantiles(0.5, 0.95, 0.99, 1),
		cpu: (after - before) / time.Duration(max(sent, 1)), lost: lost}, nil
}

// send sends actions evenly, from one user after another, and for each user from one
// connection after another.
func (w *world) send(ctx context.Context, rate int, length time.Duration) (sent int, err error) {
	total := int(length.Seconds() * float64(rate))
	began := time.Now()
	for sent < total {
		due := min(int(time.Since(began).Seconds()*float64(rate)), total)
		for ; sent < due; sent++ {
			u := w.users[sent%len(w.users)]
			u.mu.Lock()
			n := u.sent
			u.sent++
			c := u.clients[n%len(u.clients)]
			u.mu.Unlock()
			if err := c.send(textFrame, u.message(n)); err != nil {
				return sent, err
			}
		}
		if err := pause(ctx, min(time.Millisecond, time.Second/time.Duration(rate))); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// await waits until every client has every message, and counts the lost ones. A wrong
// message is an error, because figures of a wrong server mean nothing.
func (w *world) await(ctx context.Context) (lost int, err error) {
	deadline := time.Now().Add(drainTime)
	for {
		lost = 0
		var faults []string
		for _, u := range w.users {
			complete, sent, wrong := u.done()
			lost += sent - complete
			faults = append(faults, wrong...)
		}
		switch {
		case len(faults) > 0:
			return lost, errors.New(strings.Join(faults[:min(len(faults), maxFaults)], "; "))
		case lost == 0 || time.Now().After(deadline):
			return lost, nil
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return lost, err
		}
	}
}

func (w *world) cpu(ctx context.Context) (total time.Duration, err error) {
	for _, i := range w.instances {
		d, err := i.CPU(ctx)
		if err != nil {
			return 0, err
		}
		total += d
	}
	return total, nil
}

func (w *world) memory(ctx context.Context) (total int64, err error) {
	for _, i := range w.instances {
		n, err := i.Memory(ctx)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}
