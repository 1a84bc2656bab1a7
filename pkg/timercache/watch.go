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
	channel := ""
	if subject.AccountID != "" && subject.AccountID != all {
		channel = EventsChannel(subject.AccountID)
	} else { // the account of an address is in its value
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
	wake := make(chan struct{}, 1)
	var running sync.WaitGroup
	running.Go(func() {
		_ = panics.Try(func() error { c.listen(listening, channel, wake); return nil }) // the wait ends with a read all the same
	})
	defer func() { stop(); running.Wait() }()
	return c.await(ctx, waiting, subject, etag, wake)
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
func (c *Cache) await(ctx, waiting context.Context, subject Subject, etag string, wake <-chan struct{}) (Page, error) {
	for {
		select {
		case <-wake:
			page, err := c.Page(ctx, subject)
			if err != nil || !named(etag, page.ETag) {
				return page, err
			}
		case <-waiting.Done():
			return c.Page(ctx, subject) // the snapshot may have gone stale meanwhile, which no event announces
		}
	}
}

// listen subscribes to channel, or to every account's if that is "", until ctx
// ends. wake gets a value when listening has begun, after events, and whenever a
// subscription was lost: something may have happened meanwhile. A
// lost one is opened again at once, but only once in a while.
func (c *Cache) listen(ctx context.Context, channel string, wake chan<- struct{}) {
	signal := func() {
		select {
		case wake <- struct{}{}:
		default: // a wake-up is already on its way
		}
	}
	for pause := time.Duration(0); ctx.Err() == nil; pause = pollEvery {
		// Why it was lost is not said here: the read that follows fails too if Redis
		// is down, and the subscription is the process' and logged by it.
		_ = c.subscribe(ctx, channel, signal, func(string, string) { signal() })
		signal()
		_ = sleep.For(ctx, pause)
	}
}

func (c *Cache) subscribe(ctx context.Context, channel string, onReady func(), onMessage func(channel, payload string)) error {
	if channel == "" {
		return c.redis.PSubscribe(ctx, onReady, onMessage, eventsPrefix+"*")
	}
	return c.redis.Subscribe(ctx, onReady, onMessage, channel)
}
