package app

import (
	"fmt"
	"sync"

	"github.com/clockwork-timer/backend/pkg/config"
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
	d.sync.once.Do(func() { d.sync.syncer, d.sync.err = newSyncer(d) })
	return d.sync.syncer, d.sync.err
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
	c := d.Config
	options := timersource.Options{
		SiteURL: c.SiteURL(), SiteHost: c.Jira.Domain, Session: c.Session(), ReportBaseURL: c.Clockwork.ReportBaseURL.String(),
		Forge: timersource.ForgeIDs{
			CloudID: c.Source.CloudID, WorkspaceID: c.Source.WorkspaceID, ExtensionID: c.Source.ExtensionID,
			InstallationID: c.Source.InstallationID, EnvironmentID: c.Source.EnvironmentID, AppVersion: c.Source.AppVersion,
		},
		Transport: d.Transport, Log: d.Log, ReportBreaker: d.breakers.report, Now: d.Now,
	}
	var chosen []timersync.Source
	if c.Source.Kind != config.SourceConnect {
		options.SiteBreaker = d.breakers.forge
		forge, err := timersource.NewForge(options)
		if err != nil {
			return nil, fmt.Errorf("forge source: %w", err)
		}
		chosen = append(chosen, forge)
	}
	if c.Source.Kind != config.SourceForge {
		options.SiteBreaker = d.breakers.connect
		connect, err := timersource.NewConnect(options)
		if err != nil {
			return nil, fmt.Errorf("connect source: %w", err)
		}
		chosen = append(chosen, connect)
	}
	return chosen, nil
}
