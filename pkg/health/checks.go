package health

import (
	"context"
	"errors"
	"time"

	"github.com/clockwork-timer/backend/pkg/inngestapi"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/syncloop"
)

// LastRun asks Inngest when an event last ran the sync function: nil for never.
// The error is inngestapi.ErrNotRegistered if Inngest does not know the function.
func LastRun(ctx context.Context, api *inngestapi.Client) (*inngestapi.Run, error) {
	registered, err := api.Registered(ctx)
	if err != nil {
		return nil, err
	}
	if !registered {
		return nil, inngestapi.ErrNotRegistered
	}
	return api.LastRun(ctx)
}

// checkInngest asks an Inngest server of one's own; Inngest's cloud has a status
// page.
func (c *Checker) checkInngest(ctx context.Context) (Check, bool) {
	if !c.Config.SelfHostedInngest() {
		return Check{}, false
	}
	var last *inngestapi.Run
	check, _ := c.probe("inngest", func(ctx context.Context) error {
		api, err := c.Inngest()
		if err != nil {
			return errors.Join(inngestapi.ErrNotRegistered, err)
		}
		last, err = LastRun(ctx, api)
		return err
	})(ctx)
	switch {
	case check.Status != "up":
	case last == nil:
		check.Message = "The sync function is registered. No event has run it yet."
	default:
		check.Message = "The sync function is registered. An event last ran it at " + last.StartedAt.UTC().Format(time.RFC3339) + "."
	}
	return check, true
}

// checkEviction warns of a Redis that drops keys when it is full. It is left out
// if Redis does not answer.
func (c *Checker) checkEviction(ctx context.Context) (Check, bool) {
	reply, err := c.Redis.Do(ctx, "INFO", "memory")
	memory := redis.ParseMemory(reply)
	refused, ok := errors.AsType[*redis.Error](err)
	switch {
	case err != nil && (!ok || refused.Code == ""):
		return Check{}, false
	case memory.Policy == "":
		return Check{Status: "unknown", Message: "Redis does not say whether it drops keys when it is full: see to it that eviction is off."}, true
	case memory.Evicts():
		return Check{Status: "at_risk", Message: "Redis drops keys when it is full: set its maxmemory-policy to noeviction. Not all in it is a cache."}, true
	}
	return Check{Status: "up"}, true
}

// checkSync says how long ago a sync last worked, and why a server's own last one
// failed. It is left out if Redis does not answer. Without a schedule syncs come
// with starts and stops, so a long time without one is no fault.
func (c *Checker) checkSync(ctx context.Context) (Check, bool) {
	last, err := c.Timers.Freshness(ctx)
	if err != nil {
		return Check{}, false
	}
	if last.OtherSite != "" {
		return Check{Status: "down", Message: "This Redis holds the timers of another Jira site: set KEY_PREFIX, another one for each site."}, true
	}
	check := Check{Status: "up"}
	if last.Stale {
		check = Check{Status: "stale", Message: "No sync is known of: " + c.syncAdvice()}
		if !last.SyncedAt.IsZero() {
			check.Message = "The last sync was at " + last.SyncedAt.UTC().Format(time.RFC3339) + ": " + c.syncAdvice()
		}
	}
	var failed *syncloop.Failure // a server that has just started has not synced, and has not failed
	if c.Config.SyncInterval.Duration > 0 {
		failed, _ = syncloop.LastFailure(ctx, c.Redis)
	}
	if failed != nil {
		check.Message = "The sync failed at " + failed.At.Format(time.RFC3339) + ": " + failed.Message
	}
	if last.Forgotten && (c.Config.SyncCron != "" || failed != nil) {
		check.Status = "down"
		if !last.SyncedAt.IsZero() {
			check.DownSince = &last.SyncedAt
		}
	}
	return check, true
}

func (c *Checker) syncAdvice() string {
	if c.Config.SyncInterval.Duration > 0 {
		return "look at the log of the server that syncs."
	}
	return "POST /api/timers/sync, and look at the latest runs in Inngest."
}
