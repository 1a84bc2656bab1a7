package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/inngestapi"
)

const (
	// registeredLife is how long it is believed that the function is registered.
	registeredLife = time.Minute
	// askTime leaves most of an event's time to the event itself.
	askTime = time.Second
)

// registration is what a self-hosted Inngest said of the function.
type registration struct {
	mu    sync.Mutex
	until time.Time // it is registered, as far as is known
}

func (d *Deps) inngest() (*inngestapi.Client, error) {
	c := d.Config
	return inngestapi.New(inngestapi.Options{BaseURL: c.InngestURL(), SigningKey: c.Inngest.SigningKey, Transport: d.Transport, Now: d.Now})
}

// CanSync is ErrNotRegistered if a self-hosted Inngest does not know the
// function, or refuses the key that its calls are checked with: it accepts an
// event all the same, and nothing runs. If it does not say, nothing is assumed.
func (d *Deps) CanSync(ctx context.Context) error {
	if !d.Config.SelfHostedInngest() || d.registered.known(d.Now()) {
		return nil
	}
	api, err := d.inngest()
	if err != nil {
		return errors.Join(ErrNotRegistered, err)
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	registered, err := api.Registered(ctx)
	switch {
	case err == nil && registered:
		d.registered.remember(d.Now())
	case err == nil:
		return ErrNotRegistered
	case inngestapi.Refused(err):
		return errors.Join(ErrNotRegistered, err)
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

// checkInngest tells whether a self-hosted Inngest knows the function, and when
// it last ran it.
func (d *Deps) checkInngest(ctx context.Context) check {
	var last *inngestapi.Run
	c := d.probe(ctx, "inngest", func(ctx context.Context) error {
		api, err := d.inngest()
		if err != nil {
			return errors.Join(ErrNotRegistered, err)
		}
		registered, err := api.Registered(ctx)
		if err != nil {
			return err
		}
		if !registered {
			return ErrNotRegistered
		}
		last, err = api.LastRun(ctx)
		return err
	})
	switch {
	case c.Status != "up":
	case last == nil:
		c.Message = "The sync function is registered. No event has run it yet."
	default:
		c.Message = "The sync function is registered. An event last ran it at " + last.StartedAt.UTC().Format(time.RFC3339) + "."
	}
	return c
}
