package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/web"
)

// sessionWarning is how long before its end the Jira session is called ending.
const sessionWarning = 5 * 24 * time.Hour

// checkSession asks Jira whether it accepts the session: if it does not, no sync
// can run until a person logs in. The last token may still work for some minutes,
// and the session's own expiry says nothing of a logout or a changed password.
func (d *Deps) checkSession(ctx context.Context) check {
	ends, known := timersource.SessionExpiry(d.Config.Session())
	left := ends.Sub(d.Now())
	if known && left <= 0 {
		return check{Status: "down", DownSince: &ends, Message: "The Jira session has ended: renew JIRA_TENANT_SESSION_TOKEN."}
	}
	c := d.probe(ctx, "jiraSession", d.probeSession)
	switch {
	case c.Status == "down":
	case !known:
		c.Message = "The session does not tell when it ends."
	case left <= sessionWarning:
		c.Status, c.Message = "ending", "The Jira session ends on "+ends.UTC().Format(time.DateOnly)+": renew JIRA_TENANT_SESSION_TOKEN."
	}
	return c
}

// probeSession asks for a token as a sync does, and keeps none.
func (d *Deps) probeSession(ctx context.Context) error {
	sources, err := sources(d)
	if err != nil {
		return err
	}
	for _, s := range sources {
		_, err = s.Acquire(ctx)
		if errors.Is(err, timersource.ErrSourceGone) || errors.Is(err, timersource.ErrNotDiscovered) {
			continue // that Clockwork is not there is no fault of the session's
		}
		if errors.Is(err, timersource.ErrSessionExpired) {
			return &web.Error{Status: http.StatusBadGateway, Code: "JIRA_AUTH_FAILED", Message: "Jira refuses the session: renew JIRA_TENANT_SESSION_TOKEN.", Err: err}
		}
		return err
	}
	return nil
}
