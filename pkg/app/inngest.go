package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/health"
	"github.com/clockwork-timer/backend/pkg/inngestapi"
)

const (
	// registeredLife is how long it is believed that the function is registered.
	registeredLife = time.Minute
	// askTime leaves most of an event's time to the event itself.
	askTime = time.Second
)

// ErrSyncNotSent means that Inngest could not be told to sync.
var ErrSyncNotSent = errors.New("sync event not sent")

// registration is what a self-hosted Inngest said of the function.
type registration struct {
	mu    sync.Mutex
	until time.Time // it is registered, as far as is known
}

func (d *Deps) inngest() (*inngestapi.Client, error) {
	c := d.Config
	return inngestapi.New(inngestapi.Options{BaseURL: c.InngestURL(), SigningKey: c.Inngest.SigningKey, Transport: d.Transport, Now: d.Now})
}

// CanSync is health.ErrNotRegistered if a self-hosted Inngest does not know the
// function, or refuses the key that its calls are checked with: it accepts an
// event all the same, and nothing runs. If it does not say, nothing is assumed.
func (d *Deps) CanSync(ctx context.Context) error {
	if !d.Config.SelfHostedInngest() || d.registered.known(d.Now()) {
		return nil
	}
	api, err := d.inngest()
	if err != nil {
		return errors.Join(health.ErrNotRegistered, err)
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	registered, err := api.Registered(ctx)
	switch {
	case err == nil && registered:
		d.registered.remember(d.Now())
	case err == nil:
		return health.ErrNotRegistered
	case inngestapi.Refused(err):
		return errors.Join(health.ErrNotRegistered, err)
	}
	return nil
}

func (r *registration) known(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.until)
}

func (r *registration) remember(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until = now.Add(registeredLife)
}
