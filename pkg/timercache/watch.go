package timercache

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/sleep"
	"github.com/clockwork-timer/backend/pkg/panics"
)

// lastRead is kept free of a caller's time for the read that ends a wait.
const lastRead = time.Second

// pollEvery is how often a wait reads while it cannot subscribe.
const pollEvery = 5 * time.Second

// Wait returns the subject's page as soon as its ETag is none of etag, the value
// of an If-None-Match header, or the last one when the wait is over, at the
// latest a second before ctx is. Published events wake it; it reads Redis once
// when it begins to listen and once per event. Without a subscription it reads
// every five seconds.
func (c *Cache) Wait(ctx context.Context, subject Subject, etag string, wait time.Duration) (Page, error) {
	read := func(ctx context.Context) (Page, error) { return c.Page(ctx, subject) }
	account := subject.AccountID
	if account == "" || account == all { // the account of an address is in its value
		page, err := read(ctx)
		switch {
		case err != nil || !named(etag, page.ETag):
			return page, err
		case page.AccountID == subject.userKey():
			return c.WaitForAnybody(ctx, read, etag, wait)
		}
		account = page.AccountID
	}
	return c.wait(ctx, read, etag, wait, func(ctx context.Context, wake func()) error {
		return c.redis.Subscribe(ctx, wake, func(string, string) { wake() }, EventsChannel(account))
	})
}

// WaitForAnybody is Wait for a page that read makes. Everybody's events wake it, and
// messages on the channels.
func (c *Cache) WaitForAnybody(ctx context.Context, read func(context.Context) (Page, error), etag string, wait time.Duration, channels ...string) (Page, error) {
	return c.wait(ctx, read, etag, wait, func(ctx context.Context, wake func()) error {
		return c.redis.PSubscribe(ctx, wake, func(string, string) { wake() }, append(channels, eventsPrefix+"*")...)
	})
}

func (c *Cache) wait(ctx context.Context, read func(context.Context) (Page, error), etag string, wait time.Duration, subscribe func(ctx context.Context, wake func()) error) (Page, error) {
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)-lastRead)
	}
	waiting, done := context.WithTimeout(ctx, wait)
	defer done()
	// The subscription has no deadline of its own: a connection that ends with
	// the wait would look like one that was lost.
	listening, stop := context.WithCancel(context.WithoutCancel(ctx))
	wake := make(chan struct{}, 1)
	var running sync.WaitGroup
	running.Go(func() {
		_ = panics.Try(func() error { listen(listening, subscribe, wake); return nil }) // the wait ends with a read all the same
	})
	defer func() { stop(); running.Wait() }()
	for {
		select {
		case <-wake:
			page, err := read(ctx)
			if err != nil || !named(etag, page.ETag) {
				return page, err
			}
		case <-waiting.Done():
			return read(ctx) // the snapshot may have gone stale meanwhile, which no event announces
		}
	}
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

// listen subscribes until ctx ends. wake gets a value when listening has begun, after
// events, and whenever a subscription was lost: something may have happened meanwhile.
// The first lost one is opened again at once, each later one after pollEvery.
func listen(ctx context.Context, subscribe func(ctx context.Context, wake func()) error, wake chan<- struct{}) {
	signal := func() {
		select {
		case wake <- struct{}{}:
		default: // a wake-up is already on its way
		}
	}
	for pause := time.Duration(0); ctx.Err() == nil; pause = pollEvery {
		// Why it was lost is not said here: the read that follows fails too if Redis
		// is down, and the subscription is the process' and logged by it.
		_ = subscribe(ctx, signal)
		signal()
		_ = sleep.For(ctx, pause)
	}
}
