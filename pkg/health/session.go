package health

import (
	"context"
	"errors"
	"fmt"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/timersync"
)

// Sources builds the sources that TIMER_SOURCE allows. Forge is tried first: most
// sites have moved there. The options are those that the configuration leaves open.
func Sources(c *config.Config, forge, connect timersource.Options) (all []timersync.Source, err error) {
	for _, o := range []*timersource.Options{&forge, &connect} {
		o.SiteURL, o.SiteHost, o.Session, o.ReportBaseURL = c.SiteURL(), c.Jira.Domain, c.Session(), c.Clockwork.ReportBaseURL.String()
		o.Forge = timersource.ForgeIDs{CloudID: c.Source.CloudID, WorkspaceID: c.Source.WorkspaceID, ExtensionID: c.Source.ExtensionID,
			InstallationID: c.Source.InstallationID, EnvironmentID: c.Source.EnvironmentID, AppVersion: c.Source.AppVersion}
	}
	if c.Source.Kind != config.SourceConnect {
		source, err := timersource.NewForge(forge)
		if err != nil {
			return nil, fmt.Errorf("forge source: %w", err)
		}
		all = append(all, source)
	}
	if c.Source.Kind != config.SourceForge {
		source, err := timersource.NewConnect(connect)
		if err != nil {
			return nil, fmt.Errorf("connect source: %w", err)
		}
		all = append(all, source)
	}
	return all, nil
}

// Acquire gets a token from the first source that is there, as a sync does. The
// error is timersource.ErrSourceGone or ErrNotDiscovered if none is.
func Acquire(ctx context.Context, sources []timersync.Source) (timersync.Source, timersource.Token, error) {
	var gone error
	for _, source := range sources {
		token, err := source.Acquire(ctx)
		if errors.Is(err, timersource.ErrSourceGone) || errors.Is(err, timersource.ErrNotDiscovered) {
			gone = errors.Join(gone, err)
			continue
		}
		return source, token, err
	}
	return nil, timersource.Token{}, gone
}

// checkSession asks Jira whether it accepts the session: without one no sync can
// run until a person logs in. The last token may still work for some minutes.
func (c *Checker) checkSession(ctx context.Context) (Check, bool) {
	session := timersource.ReadSession(c.Config.Session(), c.Now())
	if session.Ended {
		return Check{Status: "down", DownSince: &session.Ends, Message: session.Warning()}, true
	}
	check, _ := c.probe("jiraSession", func(ctx context.Context) error {
		sources, err := c.Sources()
		if err != nil {
			return err
		}
		_, _, err = Acquire(ctx, sources)
		if errors.Is(err, timersource.ErrSourceGone) || errors.Is(err, timersource.ErrNotDiscovered) {
			return nil // a missing Clockwork is no fault of the session's
		}
		return err
	})(ctx)
	switch {
	case errors.Is(check.Err, timersource.ErrSessionExpired):
		check.Message = "Jira refuses the session: renew JIRA_TENANT_SESSION_TOKEN."
	case check.Status == "down":
	case session.Ends.IsZero():
		check.Message = "It is not known when the session ends: renew it about once a month."
	case session.Ending:
		check.Status, check.Message = "ending", session.Warning()
	}
	return check, true
}
