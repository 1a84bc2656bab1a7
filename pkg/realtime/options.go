package realtime

import (
	"context"
	"log/slog"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// Options set a Server up. Store and Verify are required.
type Options struct {
	// Store keeps the timers. One that is a Feed too is shared with other
	// instances.
	Store Store
	// Verify checks a bearer token.
	Verify func(token string) (auth.Caller, error)
	// Origins are those that may connect besides the desktop clients' and the
	// server's own, as CORS_ALLOWED_ORIGINS has them.
	Origins []string
	// Clockwork connects Clockwork's own timers; nil leaves them out.
	Clockwork *ClockworkOptions
	Limits    Limits
	// Committed is told how long the store took for each batch of changes. It
	// must not block; nil tells nobody.
	Committed func(took time.Duration, err error)
	Log       *slog.Logger
	Now       func() time.Time
	// Sleep waits, or returns early with ctx's error.
	Sleep func(ctx context.Context, d time.Duration) error
}

// ClockworkOptions say how Clockwork's timers come in, and how they are started
// and stopped.
type ClockworkOptions struct {
	Events  Events
	Cache   Cache
	Control Control
	// Token is the Clockwork token with which a caller may start and stop; an
	// error where there is none.
	Token func(who auth.Caller) (secret.Text, error)
	// Admit counts a start or stop for its caller, and is an error where there
	// were too many. Nil lets in all.
	Admit func(ctx context.Context, who auth.Caller) error
	// Explain gives the code and the sentence that a person is told of an error
	// of Admit or Control. Nil tells nothing but that it failed.
	Explain func(who auth.Caller, err error) (code, message string)
}

// Events brings the messages on clockwork:events:*, which package timercache
// publishes.
type Events interface {
	PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error
}

// Cache is what runs in Clockwork, as far as is known.
type Cache interface {
	Read(ctx context.Context, subject timercache.Subject) (timercache.View, error)
	Freshness(ctx context.Context) (timercache.Freshness, error)
}

// Control starts and stops timers in Clockwork.
type Control interface {
	Start(ctx context.Context, r timercontrol.Request) (timercontrol.Outcome, error)
	Stop(ctx context.Context, r timercontrol.Request) (timercontrol.Outcome, error)
}

// Limits bound what one connection or user may take. Zero fields have the
// default that they name.
type Limits struct {
	Connections int           // of one user: 50
	PerSecond   float64       // messages of one connection: 50
	Burst       int           // messages at once: 100
	PingEvery   time.Duration // silence after which a client is asked: 30 s
	PingWait    time.Duration // for the answer: 10 s
	WriteWait   time.Duration // for a client to read: 10 s
	Heartbeat   time.Duration // between comments on an idle SSE stream: 15 s
	Goodbye     time.Duration // for clients to answer the close at the end: 2 s
}

func (l Limits) withDefaults() Limits {
	or := func(d *time.Duration, fallback time.Duration) {
		if *d <= 0 {
			*d = fallback
		}
	}
	or(&l.PingEvery, 30*time.Second)
	or(&l.PingWait, 10*time.Second)
	or(&l.WriteWait, 10*time.Second)
	or(&l.Heartbeat, 15*time.Second)
	or(&l.Goodbye, 2*time.Second)
	if l.Connections <= 0 {
		l.Connections = 50
	}
	if l.PerSecond <= 0 {
		l.PerSecond = 50
	}
	if l.Burst <= 0 {
		l.Burst = max(100, int(2*l.PerSecond))
	}
	return l
}
