package health

import (
	"context"
	"errors"
	"time"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/timersync"
)

// sessionWarning is how long before its end a Jira session is called ending.
const sessionWarning = 5 * 24 * time.Hour

// Session is what a Jira session says of itself. Jira may refuse it all the same:
// after a logout or a changed password.
type Session struct {
	Ends          time.Time // zero if it does not say
	Ended, Ending bool
}

// ReadSession reads when a session ends.
func ReadSession(session secret.Text, now time.Time) Session {
	ends, known := timersource.SessionExpiry(session)
	if !known {
		return Session{}
	}
	left := ends.Sub(now)
	return Session{Ends: ends, Ended: left <= 0, Ending: left > 0 && left <= sessionWarning}
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
	session := ReadSession(c.Config.Session(), c.Now())
	if session.Ended {
		return Check{Status: "down", DownSince: &session.Ends, Message: "The Jira session has ended: renew JIRA_TENANT_SESSION_TOKEN."}, true
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
		check.Message = "The session does not tell when it ends."
	case session.Ending:
		check.Status, check.Message = "ending", "The Jira session ends on "+session.Ends.UTC().Format(time.DateOnly)+": renew JIRA_TENANT_SESSION_TOKEN."
	}
	return check, true
}
