package app

import (
	"sync"

	"github.com/clockwork-timer/backend/pkg/health"
	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/timersync"
)

// memo is a value that is built at its first use.
type memo struct {
	once   sync.Once
	syncer *timersync.Syncer
	err    error
}

// Syncer returns the sync. It is built at its first use, since most functions never
// use it, and then reused, since it may hold a token.
func (d *Deps) Syncer() (*timersync.Syncer, error) {
	d.syncing.once.Do(func() { d.syncing.syncer, d.syncing.err = newSyncer(d) })
	return d.syncing.syncer, d.syncing.err
}

// newSyncer builds the sync with the sources that TIMER_SOURCE allows. Forge
// is tried first: most sites have moved there.
func newSyncer(d *Deps) (*timersync.Syncer, error) {
	sources, err := sources(d)
	if err != nil {
		return nil, err
	}
	ends, _ := timersource.SessionExpiry(d.Config.Session())
	tokens, err := timersync.NewTokens(timersync.TokensOptions{
		Redis: d.Redis, Key: d.Config.TokenEncryptionKey.Bytes(), Site: d.Config.Jira.Domain,
		SessionEnds: ends, Now: d.Now, Log: d.Log,
	}, sources...)
	if err != nil {
		return nil, err
	}
	return &timersync.Syncer{Tokens: tokens, Cache: d.Timers, Jira: d.Jira, Now: d.Now, Log: d.Log,
		NamesTimeout: 4 * d.Deadlines.Names}, nil // nobody waits for it
}

func sources(d *Deps) ([]timersync.Source, error) {
	forge := timersource.Options{Transport: d.Transport, Log: d.Log, ReportBreaker: d.breakers.report, Now: d.Now}
	connect := forge
	forge.SiteBreaker, connect.SiteBreaker = d.breakers.forge, d.breakers.connect
	return health.Sources(d.Config, forge, connect)
}
