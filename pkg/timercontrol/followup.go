package timercontrol

import (
	"context"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// followUp bounds what follows a change in Clockwork: the cache and the event.
const followUp = 5 * time.Second

// detached is a context for what must follow a change in Clockwork, even if the
// caller has hung up meanwhile: the timer runs all the same.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), followUp)
}

// write changes the cache, and reports whether it could. After two failures it
// leaves the write to Retry, because the cache is wrong until then. A late write
// undoes nothing newer: the cache compares the times at which Clockwork accepted
// changes, and drops the write if there was a sync. Without what was held before the
// change nobody could tell, so it is not repeated.
func (c *Control) write(ctx context.Context, problem string, held *timercache.Held, change func(context.Context, *timercache.Held) error) bool {
	err := change(ctx, held)
	if err != nil && ctx.Err() == nil {
		err = change(ctx, held)
	}
	if err == nil {
		return true
	}
	c.Log.ErrorContext(ctx, problem, "error", err)
	if held == nil {
		return false // the requested sync shows the change
	}
	again := func(ctx context.Context) error {
		ctx, done := context.WithTimeout(ctx, followUp)
		defer done()
		return change(ctx, held.Late())
	}
	if c.Retry != nil {
		c.Retry(again)
		return false
	}
	go panics.Logged(c.Log, "late write of the timer cache", func() { retry(context.WithoutCancel(ctx), again) })()
	return false
}

const (
	retryPause = time.Second
	retries    = 60
)

// retry repeats a write until it succeeds, for about a minute. If a serverless
// function is stopped before, the requested sync shows the change.
func retry(ctx context.Context, write func(context.Context) error) {
	for range retries {
		time.Sleep(retryPause)
		if write(ctx) == nil {
			return
		}
	}
}
