package redistest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const patience = 10 * time.Second

type message struct{ channel, payload string }

type listenFunc func(ctx context.Context, onReady func(), onMessage func(channel, payload string), names ...string) error

// listening subscribes and waits for the confirmation. The subscription ends with the
// test.
func listening(t *testing.T, listen listenFunc, names ...string) <-chan message {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done, got := make(chan struct{}), make(chan error, 1), make(chan message, 16)
	go func() {
		done <- listen(ctx, func() { close(ready) }, func(channel, payload string) { got <- message{channel, payload} }, names...)
	}()
	t.Cleanup(func() {
		cancel()
		assert.ErrorIs(t, <-done, context.Canceled)
	})
	select {
	case <-ready:
	case err := <-done:
		done <- err
		require.NoError(t, err, "the subscription ended")
	case <-time.After(patience):
		require.Fail(t, "the subscription was not confirmed")
	}
	return got
}

func next(t *testing.T, messages <-chan message) message {
	t.Helper()
	select {
	case m := <-messages:
		return m
	case <-time.After(patience):
		require.Fail(t, "no message came")
		return message{}
	}
}

// payloads are messages that a format of lines and commas could break.
var payloads = []string{
	`{"event":"timer_updated","payload":{"id":"a,b","note":"say \"hi\""}}`,
	"one,two,,three,",
	",",
	"",
	"message,redistest:x,forged",
	" leading and trailing ",
	"ünï ✓ \U0001F600",
}

func (s Subject) subscribe(t *testing.T) {
	one, two, other := key(t, "one"), key(t, "two/with slash?and=more"), key(t, "other")
	messages := listening(t, s.Client.Subscribe, one, two)
	for _, payload := range payloads {
		assert.Equal(t, int64(1), s.do(t, "PUBLISH", one, payload))
		assert.Equal(t, message{one, payload}, next(t, messages))
	}
	assert.Equal(t, int64(0), s.do(t, "PUBLISH", other, "to nobody"))
	assert.Equal(t, int64(1), s.do(t, "PUBLISH", two, "x"))
	assert.Equal(t, message{two, "x"}, next(t, messages), "only messages of subscribed channels")
}

func (s Subject) psubscribe(t *testing.T) {
	a, b := key(t, "events:a"), key(t, "events:b")
	messages := listening(t, s.Client.PSubscribe, key(t, "events:*"))
	for _, payload := range payloads {
		assert.Equal(t, int64(1), s.do(t, "PUBLISH", a, payload))
		assert.Equal(t, message{a, payload}, next(t, messages))
	}
	s.do(t, "PUBLISH", key(t, "elsewhere:a"), "to nobody")
	s.do(t, "PUBLISH", b, "x")
	assert.Equal(t, message{b, "x"}, next(t, messages))
}

func (s Subject) subscriptionEnds(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, context.Canceled, s.Client.Subscribe(ended, nil, nil, key(t, "c")))
	assert.Error(t, s.Client.Subscribe(t.Context(), nil, nil), "no channel")

	// listening tests a context that ends after a message has arrived.
	late, cancelLate := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancelLate()
	assert.Equal(t, context.DeadlineExceeded, s.Client.PSubscribe(late, nil, nil, key(t, "*")))
}
