package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/redis"
)

// checks asks every dependency at the same time.
func (d *Deps) checks(ctx context.Context) map[string]check {
	if d.Redis == nil {
		return map[string]check{"configuration": {Status: "down", Message: "Variables are missing or wrong; every other route names them."}}
	}
	probes := map[string]func(context.Context) error{
		"redis": d.pingRedis,
		"jira":  func(ctx context.Context) error { _, err := d.Jira.Myself(ctx); return err },
	}
	if !d.Config.Clockwork.APIToken.IsZero() {
		probes["clockwork"] = func(ctx context.Context) error {
			return OurCredential(d.Clockwork.VerifyToken(ctx, d.Config.Clockwork.APIToken, d.Config.Clockwork.AccountID))
		}
	}
	checks := map[string]check{}
	if probes["clockwork"] == nil {
		checks["clockwork"] = check{Status: "not_configured", Message: "Worklogs need CLOCKWORK_API_TOKEN, or a token with each request."}
	}
	var mu sync.Mutex
	all := panics.Group{Log: d.Log, Task: "health check"}
	for name, probe := range probes {
		all.Go(func() {
			c := d.probe(ctx, name, probe)
			mu.Lock()
			defer mu.Unlock()
			checks[name] = c
		})
	}
	if d.Config.SelfHostedInngest() {
		all.Go(func() {
			c := d.checkInngest(ctx)
			mu.Lock()
			defer mu.Unlock()
			checks["inngest"] = c
		})
	}
	all.Go(func() {
		c := d.checkSession(ctx)
		mu.Lock()
		defer mu.Unlock()
		checks["jiraSession"] = c
	})
	all.Go(func() {
		if c, known := d.checkSync(ctx); known {
			mu.Lock()
			defer mu.Unlock()
			checks["sync"] = c
		}
	})
	all.Go(func() {
		if c, known := d.checkEviction(ctx); known {
			mu.Lock()
			defer mu.Unlock()
			checks["eviction"] = c
		}
	})
	all.Wait()
	if c, known := d.feed.check(); known {
		checks["messages"] = c
	}
	d.checkup.outages.date(ctx, d, checks)
	return checks
}

func (d *Deps) pingRedis(ctx context.Context) error {
	reply, err := d.Redis.Do(ctx, "PING")
	if err == nil && reply != "PONG" {
		return errors.New("what answers is no Redis")
	}
	return err
}

// checkEviction tells of a Redis that drops keys when it is full; known is false
// if it does not answer.
func (d *Deps) checkEviction(ctx context.Context) (c check, known bool) {
	ctx, cancel := context.WithTimeout(ctx, d.Deadlines.Check)
	defer cancel()
	began := time.Now()
	reply, err := d.Redis.Do(ctx, "INFO", "memory")
	memory := redis.ParseMemory(reply)
	c = check{Status: "up", DurationMS: time.Since(began).Milliseconds()}
	switch coded, ok := errors.AsType[redis.Error](err); {
	case err != nil && (!ok || coded.RedisCode() == ""):
		return c, false
	case memory.Policy == "":
		c.Status, c.Message = "unknown", "Redis does not say whether it drops keys when it is full: see to it that eviction is off."
	case memory.Evicts():
		c.Status, c.Message = "at_risk", "Redis drops keys when it is full: set its maxmemory-policy to noeviction. Not all in it is a cache."
	}
	return c, true
}

func (d *Deps) probe(ctx context.Context, name string, probe func(context.Context) error) check {
	ctx, cancel := context.WithTimeout(ctx, d.Deadlines.Check)
	defer cancel()
	began := time.Now()
	err := panics.Try(func() error { return probe(ctx) })
	c := check{Status: "up", DurationMS: time.Since(began).Milliseconds()}
	if err != nil {
		d.Log.WarnContext(ctx, "dependency down", "dependency", name, "error", err)
		c.Status = "down"
		if name != "redis" {
			c.Message = errorFor(err, context.Background()).Message
		}
	}
	return c
}
