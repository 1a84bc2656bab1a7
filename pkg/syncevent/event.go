// Package syncevent asks Inngest for a sync. It is apart from the rest because
// Inngest's SDK is large: only the functions that send or serve events link it.
package syncevent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/inngest/inngestgo"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/inngestapi"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// Name is the event that starts sync-active-timers.
const Name = inngestapi.Event

// Data says for whom a sync is requested. The snapshot is of everybody all the
// same. A JiraDomain other than the configured one is refused.
type Data struct {
	UserEmail  string `json:"userEmail,omitempty"`
	AccountID  string `json:"accountId,omitempty"`
	JiraDomain string `json:"jiraDomain,omitempty"`
}

// Sender returns what asks for a sync on behalf of an account ("" for
// nobody's): the process's own way where it has one, else an event.
func Sender(d *app.Deps) func(ctx context.Context, accountID string) error {
	if d.RequestSync != nil {
		return d.RequestSync
	}
	return func(ctx context.Context, accountID string) error {
		ctx, cancel := context.WithTimeout(ctx, d.Deadlines.SendEvent)
		defer cancel()
		if err := send(ctx, d, accountID); err != nil {
			return fmt.Errorf("%w: %w", app.ErrSyncNotSent, err)
		}
		return nil
	}
}

// send sends the event. The error does not hold the event key, which is part
// of the address.
func send(ctx context.Context, d *app.Deps, accountID string) (err error) {
	key := d.Config.Inngest.EventKey
	switch {
	case d.Config.InngestDev():
	case key.IsZero():
		return errors.New("INNGEST_EVENT_KEY is not set, nor INNGEST_DEV")
	case d.Config.Inngest.SigningKey.IsZero():
		return errors.New("INNGEST_SIGNING_KEY is not set: Inngest's calls would be refused, and nothing run")
	}
	if err := d.CanSync(ctx); err != nil {
		return err
	}
	began := time.Now()
	ctx, call := telemetry.StartCall(ctx, "inngest", "event.send", http.MethodPost, host(d.Config))
	defer func() {
		upstream.Record(ctx, "inngest", time.Since(began))
		call.End(0, 1, err)
	}()
	client, err := NewClient(d, bounded{ctx, d.Transport})
	if err != nil {
		return err
	}
	id, err := client.Send(ctx, inngestgo.GenericEvent[Data]{Name: Name, Data: Data{AccountID: accountID}})
	switch {
	case err != nil && !key.IsZero():
		return errors.New(strings.ReplaceAll(err.Error(), key.Reveal(), key.String()))
	case err == nil && id == "":
		return errors.New("the answer has no event id: is that address Inngest's?")
	}
	return err
}

// NewClient returns an Inngest client by the configuration alone. What is not
// set the SDK would read from the environment: a further signing key, another
// place for events.
func NewClient(d *app.Deps, transport http.RoundTripper) (inngestgo.Client, error) {
	c := d.Config
	dev, none, api, events := c.InngestDev(), "", inngestapi.CloudAPI, inngestapi.CloudEvents
	if base := c.InngestURL(); base != "" {
		api, events = base, base
	}
	options := inngestgo.ClientOpts{
		AppID:              inngestapi.AppID,
		Dev:                &dev,
		Env:                &none,
		Logger:             d.Log,
		HTTPClient:         &http.Client{Transport: transport},
		EventKey:           inngestgo.StrPtr(eventKey(c)),
		SigningKey:         inngestgo.StrPtr(c.Inngest.SigningKey.Reveal()),
		SigningKeyFallback: &none,
		APIBaseURL:         &api,
		EventAPIBaseURL:    &events,
	}
	if commit := c.Platform.Commit; commit != "" {
		options.AppVersion = &commit
	}
	return inngestgo.NewClient(options)
}

// host is where events go.
func host(c *config.Config) string {
	if u, err := url.Parse(c.InngestURL()); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return "inn.gs"
}

// eventKey is the configured key. The dev server takes any, but not none: an
// event without a key in its path is redirected, and lost.
func eventKey(c *config.Config) string {
	if c.Inngest.EventKey.IsZero() && c.InngestDev() {
		return "dev"
	}
	return c.Inngest.EventKey.Reveal()
}
