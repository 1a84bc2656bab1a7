package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/health"
	"github.com/clockwork-timer/backend/pkg/syncloop"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/timersync"
)

// checkTimers reads the running timers as a sync does, with the Jira session,
// and stores nothing.
func checkTimers(ctx context.Context, t *target) []Finding {
	if t.wrong("JIRA_DOMAIN", "JIRA_BASE_URL", "JIRA_TENANT_SESSION_TOKEN", "TIMER_SOURCE", "CLOCKWORK_REPORT_BASE_URL") {
		return []Finding{{Skip, "session", see}, skip(see)}
	}
	session := timersource.ReadSession(t.config.Session(), t.now())
	if session.Ended {
		return []Finding{{Fail, "session", fmt.Sprintf("ended on %s: %s", session.Ends.Format(time.DateOnly), renew)}, skip("not checked: it needs the session")}
	}
	o := timersource.Options{Transport: t.transport, Now: t.now}
	sources, err := health.Sources(t.config, o, o)
	if err != nil {
		return []Finding{{Skip, "session", "not checked: see timers"}, fail("%v", err)}
	}
	began := t.now()
	source, token, err := health.Acquire(ctx, sources)
	switch {
	case errors.Is(err, timersource.ErrSessionExpired):
		return []Finding{{Fail, "session", "Jira refuses it: " + renew}, skip("not checked: it needs the session")}
	case source == nil:
		return []Finding{t.accepted(session), sourcesGone(err)}
	case err != nil:
		return []Finding{{Skip, "session", "not checked: see timers"}, timersFailure(source, err)}
	}
	snapshot, err := source.Timers(ctx, token, timersource.Cached{})
	if err != nil {
		return []Finding{t.accepted(session), timersFailure(source, err)}
	}
	return []Finding{t.accepted(session), ok("%s: %s on %s, %s", source.Name(), count(len(snapshot.Timers), "running timer"), count(snapshot.Pages, "page"), took(t.now().Sub(began)))}
}

const renew = "log in to Jira and set JIRA_TENANT_SESSION_TOKEN to the cookie tenant.session.token"

// accepted is the finding about a session that Jira accepts.
func (t *target) accepted(session timersource.Session) Finding {
	if session.Ends.IsZero() {
		return Finding{OK, "session", "Jira accepts it; it does not say when it ends, about 30 days after the login"}
	}
	ends, days := session.Ends.Format(time.DateOnly), count(int(session.Ends.Sub(t.now())/(24*time.Hour)), "day")
	if session.Ending {
		return Finding{Warn, "session", fmt.Sprintf("ends on %s, in %s: %s", ends, days, renew)}
	}
	return Finding{OK, "session", fmt.Sprintf("Jira accepts it; it ends on %s, in %s", ends, days)}
}

func timersFailure(s timersync.Source, err error) Finding {
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
		return fail("forge: Clockwork could not be identified: set FORGE_INSTALLATION_ID and FORGE_APP_VERSION (.env.example says where to find them)")
	}
	return fail("Clockwork Pro is not found on this site: see that it is installed, and set TIMER_SOURCE=auto")
}

// checkSync finds out how old the timers are that clients see, and why.
func checkSync(ctx context.Context, t *target) []Finding {
	if t.wrong("SYNC_CRON", "SYNC_INTERVAL") {
		return only(skip(see))
	}
	client, err := t.redis()
	if err != nil {
		return only(skip(see))
	}
	cache := timercache.New(client, t.config.Jira.Domain, t.now)
	if last, err := cache.Freshness(ctx); err == nil && last.OtherSite != "" {
		return only(fail("this Redis holds the timers of %s, so nothing of this site is synced: set KEY_PREFIX, another one for each site", last.OtherSite))
	}
	view, err := cache.Read(ctx, timercache.Subject{})
	if err != nil {
		return only(skip("not checked: it needs Redis"))
	}
	failed, err := syncloop.LastFailure(ctx, client)
	last := "never done, or over a day ago"
	if view.SyncedAt != nil {
		last = fmt.Sprintf("last done %s ago", t.now().Sub(*view.SyncedAt).Round(time.Second))
	}
	switch {
	case err == nil && failed != nil:
		return only(warn("%s; the server failed to sync at %s: %s", last, failed.At.Format(time.RFC3339), failed.Message))
	case view.SyncedAt == nil || view.Stale:
		return only(warn("%s: %s", last, t.syncAdvice()))
	}
	return only(ok("%s, %s run", last, count(len(view.Timers), "timer")))
}

// syncAdvice says what to do if there was no sync for long.
func (t *target) syncAdvice() string {
	switch {
	case t.config.SyncInterval.Duration > 0:
		return fmt.Sprintf("the server syncs every %s, so see that it runs, and read its log", t.config.SyncInterval)
	case t.config.SyncCron != "":
		return "see in Inngest whether sync-active-timers fails"
	}
	return "set SYNC_CRON, such as */5 * * * *, or run `server sync`, and see that Inngest knows the address of /api/inngest"
}
