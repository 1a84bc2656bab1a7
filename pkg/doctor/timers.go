package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersource"
)

// sessionWarning is how long before its end the Jira session is called ending.
const sessionWarning = 5 * 24 * time.Hour

// source is one way to read running timers.
type source interface {
	Name() string
	Acquire(ctx context.Context) (timersource.Token, error)
	Timers(ctx context.Context, token timersource.Token, known []timer.Timer) (timersource.Snapshot, error)
}

// sources are those that a sync would try, in its order.
func (t *target) sources() (all []source, err error) {
	c := t.config
	o := timersource.Options{SiteURL: c.SiteURL(), SiteHost: c.Jira.Domain, Session: c.Session(), ReportBaseURL: c.Clockwork.ReportBaseURL.String(),
		Forge: timersource.ForgeIDs{CloudID: c.Source.CloudID, WorkspaceID: c.Source.WorkspaceID, ExtensionID: c.Source.ExtensionID,
			InstallationID: c.Source.InstallationID, EnvironmentID: c.Source.EnvironmentID, AppVersion: c.Source.AppVersion},
		Transport: t.transport, Now: t.now}
	if c.Source.Kind != config.SourceConnect {
		forge, err := timersource.NewForge(o)
		if err != nil {
			return nil, err
		}
		all = append(all, forge)
	}
	if c.Source.Kind != config.SourceForge {
		connect, err := timersource.NewConnect(o)
		if err != nil {
			return nil, err
		}
		all = append(all, connect)
	}
	return all, nil
}

// checkTimers reads the running timers as a sync does, with the Jira session,
// and keeps nothing: what is found out is the session's state and the source's.
func checkTimers(ctx context.Context, t *target) []Finding {
	if t.wrong("JIRA_DOMAIN", "JIRA_BASE_URL", "JIRA_TENANT_SESSION_TOKEN", "TIMER_SOURCE", "CLOCKWORK_REPORT_BASE_URL") {
		return []Finding{{Skip, "session", see}, skip(see)}
	}
	ended := t.sessionEnded()
	if ended != nil {
		return []Finding{*ended, skip("not checked: it needs the session")}
	}
	sources, err := t.sources()
	if err != nil {
		return []Finding{{Skip, "session", "not checked: see timers"}, fail("%v", err)}
	}
	var gone error
	for _, s := range sources {
		began := t.now()
		token, err := s.Acquire(ctx)
		if errors.Is(err, timersource.ErrSourceGone) || errors.Is(err, timersource.ErrNotDiscovered) {
			gone = errors.Join(gone, err)
			continue
		}
		if err != nil {
			return t.notAcquired(s, err)
		}
		snapshot, err := s.Timers(ctx, token, nil)
		if err != nil {
			return []Finding{t.session(), timersFailure(s, err)}
		}
		return []Finding{t.session(), ok("%s: %s on %s, %s", s.Name(), count(len(snapshot.Timers), "running timer"), count(snapshot.Pages, "page"), took(t.now().Sub(began)))}
	}
	return []Finding{t.session(), sourcesGone(gone)}
}

// sessionEnded tells of a session that is over by its own word.
func (t *target) sessionEnded() *Finding {
	ends, known := timersource.SessionExpiry(t.config.Session())
	if !known || ends.After(t.now()) {
		return nil
	}
	return &Finding{Fail, "session", fmt.Sprintf("ended on %s: %s", ends.Format(time.DateOnly), renew)}
}

const renew = "log in to Jira and set JIRA_TENANT_SESSION_TOKEN to the cookie tenant.session.token"

// session is about one that the site has taken.
func (t *target) session() Finding {
	ends, known := timersource.SessionExpiry(t.config.Session())
	left := ends.Sub(t.now())
	days := count(int(left/(24*time.Hour)), "day")
	switch {
	case !known:
		return Finding{OK, "session", "Jira takes it; it does not tell when it ends, about 30 days after the login"}
	case left <= sessionWarning:
		return Finding{Warn, "session", fmt.Sprintf("ends on %s, in %s: %s", ends.Format(time.DateOnly), days, renew)}
	}
	return Finding{OK, "session", fmt.Sprintf("Jira takes it; it ends on %s, in %s", ends.Format(time.DateOnly), days)}
}

// notAcquired tells a session that is refused from a source that fails.
func (t *target) notAcquired(s source, err error) []Finding {
	if errors.Is(err, timersource.ErrSessionExpired) {
		return []Finding{{Fail, "session", "Jira refuses it: " + renew}, skip("not checked: it needs the session")}
	}
	return []Finding{{Skip, "session", "not checked: see timers"}, timersFailure(s, err)}
}

func timersFailure(s source, err error) Finding {
	switch {
	case errors.Is(err, timersource.ErrTokenRefused):
		return fail("%s: Clockwork refuses this session's user: take the session of a user who may open Clockwork in Jira", s.Name())
	case errors.Is(err, timersource.ErrSessionExpired):
		return fail("%s: Jira refuses the session: %s", s.Name(), renew)
	case errors.Is(err, timersource.ErrUnknownShape):
		return fail("%s: Clockwork answers in a way that is not known: its app has changed, and this backend needs an update", s.Name())
	case errors.Is(err, timersource.ErrSourceGone):
		return fail("%s: Clockwork's timers are not there: set TIMER_SOURCE=auto", s.Name())
	}
	return fail("%s: %s: check JIRA_DOMAIN and CLOCKWORK_REPORT_BASE_URL, or status.atlassian.com", s.Name(), cause(err))
}

func sourcesGone(err error) Finding {
	if errors.Is(err, timersource.ErrNotDiscovered) {
		return fail("forge: what identifies Clockwork cannot be found out: set FORGE_INSTALLATION_ID and FORGE_APP_VERSION (.env.example says where they stand)")
	}
	return fail("Clockwork Pro is not found on this site: see that it is installed, and set TIMER_SOURCE=auto")
}

// checkSync tells how old the timers are that clients see.
func checkSync(ctx context.Context, t *target) []Finding {
	if t.wrong("SYNC_CRON") {
		return only(skip(see))
	}
	client, err := t.redis()
	if err != nil {
		return only(skip(see))
	}
	view, err := timercache.New(client, t.now).Read(ctx, timercache.Subject{})
	switch {
	case err != nil:
		return only(skip("not checked: it needs Redis"))
	case view.SyncedAt == nil:
		return only(warn("never done, or over a day ago: run `server sync`, and see that Inngest is told of /api/inngest"))
	case view.Stale:
		return only(warn("last done %s ago: %s", t.now().Sub(*view.SyncedAt).Round(time.Minute), scheduleAdvice(t)))
	}
	return only(ok("last done %s ago, %s run", t.now().Sub(*view.SyncedAt).Round(time.Second), count(len(view.Timers), "timer")))
}

func scheduleAdvice(t *target) string {
	if t.config.SyncCron == "" {
		return "set SYNC_CRON, such as */5 * * * *, or run `server sync`"
	}
	return "see in Inngest whether sync-active-timers fails"
}
