package realtime

import (
	"context"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

const (
	// commandTimeout bounds a start or stop in Clockwork.
	commandTimeout = 25 * time.Second
	// eventGrace is how long the event of a start or stop may take to come.
	eventGrace = 2 * time.Second
)

// takes does an action that is about Clockwork: one of Clockwork's own timers,
// or one with an issue where the user has a Clockwork token. Such a timer has
// Clockwork's id, not the client's: it comes back to all clients by the same
// way as one that was started elsewhere. It reports whether it was one.
func (b *clockwork) takes(c *conn, act action) bool {
	own := strings.HasPrefix(act.ID, clockworkPrefix)
	if !own && act.IssueKey == "" {
		return false
	}
	request, why := b.request(c, act)
	if why != nil {
		if own || c.sentToken() {
			c.tell(why)
			return true
		}
		return false // without Clockwork it is a timer like any other
	}
	if c.commands.Add(1) > maxCommands {
		c.commands.Add(-1)
		c.tell(&refusal{CodeBusy, "Several of your starts and stops are under way. Try again in a moment.", act.ID})
		return true
	}
	b.server.running.Go(func() {
		done := b.do(c.user, act, request)
		c.commands.Add(-1)
		if done && b.server.sleep(b.server.ctx, eventGrace) == nil {
			b.reconcileLater(c.user) // the event may have been lost
		}
	})
	return true
}

func (c *conn) sentToken() bool { return !c.clockworkToken.IsZero() }

// request puts together what Clockwork is asked for.
func (b *clockwork) request(c *conn, act action) (timercontrol.Request, *refusal) {
	refuse := func(code, message string) (timercontrol.Request, *refusal) {
		return timercontrol.Request{}, &refusal{code, message, act.ID}
	}
	if c.account == "" {
		return refuse(CodeForbidden, "Your login has no Atlassian account, so Clockwork's timers are not yours to change here.")
	}
	issue := act.IssueKey
	if strings.HasPrefix(act.ID, clockworkPrefix) {
		named, ok := issueOf(c.account, act.ID)
		key, err := jira.ParseIssueKey(named)
		if !ok || err != nil || (issue != "" && issue != key) {
			return refuse(CodeBadMessage, "The id is not that of one of your Clockwork timers.")
		}
		issue = key
	}
	token, err := b.o.Token(auth.Caller{Known: true, UserID: c.alias, AccountID: c.account, ClockworkToken: c.clockworkToken})
	if err != nil {
		return refuse(CodeNoClockwork, "This needs your Clockwork API token: connect with it in X-Clockwork-Token.")
	}
	return timercontrol.Request{Token: token, AccountID: c.account, IssueKey: issue, Comment: act.Comment}, nil
}

// do asks Clockwork. What it then is comes by event; a refusal goes to all of
// the user's clients, since each may be showing the wish.
func (b *clockwork) do(user string, act action, request timercontrol.Request) (done bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.server.ctx), commandTimeout)
	defer cancel()
	call := b.o.Control.Start
	if act.Status == Stopped {
		call = b.o.Control.Stop
	}
	if _, err := call(ctx, request); err != nil {
		b.server.log.Warn("realtime: clockwork refused", "error", err)
		code, message := b.explain(err)
		b.server.notify(user, (&refusal{code, message, act.ID}).encode())
		return false
	}
	return true
}

func (b *clockwork) explain(err error) (code, message string) {
	if b.o.Explain != nil {
		return b.o.Explain(err)
	}
	return "CLOCKWORK_UNAVAILABLE", "Clockwork did not do this. Try again shortly."
}
