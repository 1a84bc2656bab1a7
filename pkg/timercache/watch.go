package timercache

import (
	"context"
	"fmt"
	"time"
)

// Wait returns the subject's view as soon as its ETag is another than etag, or
// the last one when the wait is over. Published events wake it; it reads Redis
// once when it begins to listen and once per event.
func (c *Cache) Wait(ctx context.Context, subject Subject, etag string, wait time.Duration) (View, error) {
	channel := ""
	if subject.AccountID != "" {
		channel = EventsChannel(subject.AccountID)
	} else { // the account of an address is told by its value
		view, err := c.Read(ctx, subject)
		if err != nil || view.ETag != etag {
			return view, err
		}
		if view.AccountID != subject.userKey() {
			channel = EventsChannel(view.AccountID)
		}
	}
	waiting, stop := context.WithTimeout(ctx, wait)
	wake, lost := c.listen(waiting, channel)
	defer func() { stop(); <-lost }()
	return c.await(ctx, waiting, subject, etag, wake, lost)
}

// await reads after each wake-up until the ETag differs or the wait is over.
func (c *Cache) await(ctx, waiting context.Context, subject Subject, etag string, wake <-chan struct{}, lost <-chan error) (View, error) {
	for {
		select {
		case <-wake:
			view, err := c.Read(ctx, subject)
			if err != nil || view.ETag != etag {
				return view, err
			}
		case <-waiting.Done():
			return c.Read(ctx, subject) // the snapshot may have gone stale meanwhile, which no event tells
		case err, open := <-lost:
			if open && waiting.Err() == nil {
				return View{}, fmt.Errorf("%w: subscription: %w", ErrUnavailable, err)
			}
			lost = nil
		}
	}
}

// listen subscribes to channel, or to every account's where it is "". wake
// gets a value when listening has begun and after events; lost gets the
// subscription's error when it ends, and is then closed.
func (c *Cache) listen(ctx context.Context, channel string) (wake chan struct{}, lost chan error) {
	wake, lost = make(chan struct{}, 1), make(chan error, 1)
	signal := func() {
		select {
		case wake <- struct{}{}:
		default: // a wake-up is already on its way
		}
	}
	go func() {
		defer close(lost)
		onMessage := func(string, string) { signal() }
		if channel == "" {
			lost <- c.redis.PSubscribe(ctx, signal, onMessage, eventsPrefix+"*")
			return
		}
		lost <- c.redis.Subscribe(ctx, signal, onMessage, channel)
	}()
	return wake, lost
}
