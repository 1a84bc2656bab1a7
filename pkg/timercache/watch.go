package timercache

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// lastRead is kept free of a caller's time for the read that ends a wait.
const lastRead = time.Second

// Wait returns the subject's page as soon as its ETag is none of etag, the value
// of an If-None-Match header, or the last one when the wait is over, at the
// latest a second before ctx is. Published events wake it; it reads Redis once
// when it begins to listen and once per event.
func (c *Cache) Wait(ctx context.Context, subject Subject, etag string, wait time.Duration) (Page, error) {
	channel := ""
	if subject.AccountID != "" && subject.AccountID != all {
		channel = EventsChannel(subject.AccountID)
	} else { // the account of an address is told by its value
		page, err := c.Page(ctx, subject)
		if err != nil || !named(etag, page.ETag) {
			return page, err
		}
		if page.AccountID != subject.userKey() {
			channel = EventsChannel(page.AccountID)
		}
	}
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)-lastRead)
	}
	waiting, done := context.WithTimeout(ctx, wait)
	defer done()
	// The subscription has no deadline of its own: a connection that ends with
	// the wait would look like one that was lost.
	listening, stop := context.WithCancel(context.WithoutCancel(ctx))
	wake, lost := c.listen(listening, channel)
	defer func() { stop(); <-lost }()
	return c.await(ctx, waiting, subject, etag, wake, lost)
}

// named reports whether the header names the tag. A proxy that compresses an
// answer makes its tag a weak one.
func named(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(tag), "W/") == etag {
			return true
		}
	}
	return false
}

// await reads after each wake-up until the ETag differs or the wait is over.
func (c *Cache) await(ctx, waiting context.Context, subject Subject, etag string, wake <-chan struct{}, lost <-chan error) (Page, error) {
	for {
		select {
		case <-wake:
			page, err := c.Page(ctx, subject)
			if err != nil || !named(etag, page.ETag) {
				return page, err
			}
		case <-waiting.Done():
			return c.Page(ctx, subject) // the snapshot may have gone stale meanwhile, which no event tells
		case err := <-lost:
			return Page{}, fmt.Errorf("%w: subscription: %w", ErrUnavailable, err)
		}
	}
}

// maxListens bounds how often one wait subscribes: a stream that was confirmed
// and then cut is opened again.
const maxListens = 3

// listen subscribes to channel, or to every account's where it is "". wake
// gets a value when listening has begun, also anew, and after events; lost gets
// the subscription's error when it ends for good, and is then closed.
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
		var err error
		for range maxListens {
			ready := false
			err = c.subscribe(ctx, channel, func() { ready = true; signal() }, func(string, string) { signal() })
			if !ready || ctx.Err() != nil {
				break
			}
		}
		lost <- err
	}()
	return wake, lost
}

func (c *Cache) subscribe(ctx context.Context, channel string, onReady func(), onMessage func(channel, payload string)) error {
	if channel == "" {
		return c.redis.PSubscribe(ctx, onReady, onMessage, eventsPrefix+"*")
	}
	return c.redis.Subscribe(ctx, onReady, onMessage, channel)
}
