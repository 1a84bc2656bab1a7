// Package inngest is the background function: the client that serves it and
// its three steps. What the steps do is pkg/timersync's.
package inngest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/inngest/inngestgo"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/inngestapi"
)

const (
	// burst is the window within which events become one run. It is a batch, not a
	// debounce: Inngest starts a debounced run two seconds after its event at the
	// earliest, and by then a start should be visible.
	burst     = time.Second
	burstSize = 100
	// burstKey puts events for another site, which are refused, into a batch of their own.
	burstKey = "event.data.jiraDomain"
	// retries of each step, after its first attempt.
	retries = 4
)

// Handler serves the function by Inngest's protocol.
func Handler(d *app.Deps) (http.Handler, error) {
	client, err := newClient(d)
	if err != nil {
		return nil, fmt.Errorf("inngest client: %w", err)
	}
	syncer, err := d.Syncer()
	if err != nil {
		return nil, err
	}
	f := &syncActiveTimers{steps: syncer, domain: d.Config.Jira.Domain}
	if _, err := inngestgo.CreateFunction(client, options(), triggers(d.Config), f.run); err != nil {
		return nil, fmt.Errorf("inngest function: %w", err)
	}
	path := "/api/inngest" // rewrites may have changed what the request says
	unsigned := false      // dev mode ignores it; if nil, the SDK reads the environment
	serve := client.ServeWithOpts(inngestgo.ServeOpts{Path: &path, EnableUnauthedSync: &unsigned})
	if d.Config.SelfHostedInngest() {
		if serve, err = registering(d, serve); err != nil {
			return nil, err
		}
	}
	if d.Config.InngestDev() {
		return behindProxy(plainBodies(serve)), nil
	}
	return (&signatures{deps: d, now: time.Now}).serve(serve), nil // the SDK has no other clock
}

// newClient returns an Inngest client by the configuration alone. What is not
// set the SDK would read from the environment: a further signing key, another
// place for events.
func newClient(d *app.Deps) (inngestgo.Client, error) {
	c := d.Config
	dev, none, api := c.InngestDev(), "", inngestapi.CloudAPI
	if base := c.InngestURL(); base != "" {
		api = base
	}
	options := inngestgo.ClientOpts{
		AppID:              inngestapi.AppID,
		Dev:                &dev,
		Env:                &none,
		Logger:             d.Log,
		HTTPClient:         &http.Client{Transport: d.Transport},
		EventKey:           inngestgo.StrPtr(c.Inngest.EventKey.Reveal()),
		SigningKey:         inngestgo.StrPtr(c.Inngest.SigningKey.Reveal()),
		SigningKeyFallback: &none,
		APIBaseURL:         &api,
		EventAPIBaseURL:    &api,
	}
	if commit := c.Platform.Commit; commit != "" {
		options.AppVersion = &commit
	}
	return inngestgo.NewClient(options)
}

// behindProxy registers the function at the address that the dev server called:
// vercel dev is a proxy before a process that ends with each request. Deployments
// do not trust the header.
func behindProxy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := r.Header.Get("X-Forwarded-Host"); host != "" {
			r = r.Clone(r.Context())
			r.Host = host
		}
		next.ServeHTTP(w, r)
	})
}

func options() inngestgo.FunctionOpts {
	return inngestgo.FunctionOpts{
		ID:          inngestapi.FunctionID,
		Name:        "Sync active timers",
		Retries:     inngestgo.IntPtr(retries),
		BatchEvents: &inngestgo.ConfigBatchEvents{Key: new(burstKey), MaxSize: burstSize, Timeout: burst},
		// One run at a time: two would only fetch the same twice.
		Concurrency: &inngestgo.ConfigConcurrency{Fn: []inngestgo.ConfigFnConcurrency{{Limit: 1}}},
	}
}

func triggers(c *config.Config) inngestgo.MultipleTriggers {
	all := inngestgo.MultipleTriggers{inngestgo.EventTrigger(inngestapi.Event, nil)}
	if c.SyncCron != "" {
		all = append(all, inngestgo.CronTrigger(c.SyncCron))
	}
	return all
}
