package process

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// pollInterval is the pause between two calls of check.
const pollInterval = 50 * time.Millisecond

// Until calls check until it returns nil. If ctx ends first, the error has what, and
// the last error of check.
func Until(ctx context.Context, what string, check func(context.Context) error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // an error after ctx has ended says nothing
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w; last seen: %w", what, ctx.Err(), last)
		case <-tick.C:
		}
	}
}

// RetryTwice calls try until it returns nil, at most three times, because a busy
// machine may cut a call off.
func RetryTwice(try func() error) error {
	err := try()
	for range 2 {
		if err == nil {
			return nil
		}
		time.Sleep(time.Second) // after this a circuit breaker that has opened lets one request pass
		err = try()
	}
	return err
}

// Answers waits until GET url gets an answer, with any status. It returns an error at
// once if the program ends.
func (p *Process) Answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-p.exited:
			cancel(fmt.Errorf("%s ended: %v", p.name, p.err))
		case <-ctx.Done():
		}
	}()
	err := Until(ctx, p.name+" at "+url, func(ctx context.Context) error { return answers(ctx, url) })
	if err != nil {
		return fmt.Errorf("%w (%w); it printed:\n%s", err, context.Cause(ctx), p.Output())
	}
	return nil
}

func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return err
}
