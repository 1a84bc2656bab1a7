package realtime

import (
	"context"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/upstream"
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
	if !own && (act.IssueKey == "" || (act.Status == Stopped && c.room.runsWithout(act.ID))) {
		return false
	}
	who := c.caller()
	request, why := b.request(who, act)
	if why != nil {
		if own || !who.ClockworkToken.IsZero() {
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
	b.server.spawn("command", func() {
		done := b.do(c.user, who, act, request)
		c.commands.Add(-1)
		if done && b.server.sleep(b.server.ctx, eventGrace) == nil {
			b.missed(c.user) // the event may have been lost
		}
	})
	return true
}

// caller is who has connected.
func (c *conn) caller() auth.Caller {
	return auth.Caller{Known: true, UserID: c.alias, AccountID: c.account, ClockworkToken: c.clockworkToken}
}

// runsWithout reports whether a timer runs that Clockwork knows nothing of.
func (r *room) runsWithout(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.timers[id]
	return t.Source == SourceClient && t.Status == Running
}

// request puts together what Clockwork is asked for.
func (b *clockwork) request(who auth.Caller, act action) (timercontrol.Request, *refusal) {
	refuse := func(code, message string) (timercontrol.Request, *refusal) {
		return timercontrol.Request{}, &refusal{code, message, act.ID}
	}
	if who.AccountID == "" {
		return refuse(CodeForbidden, "Your login has no Atlassian account, so Clockwork's timers are not yours to change here.")
	}
	issue := act.IssueKey
	if strings.HasPrefix(act.ID, clockworkPrefix) {
		named, ok := issueOf(who.AccountID, act.ID)
		key, err := jira.ParseListedKey(named)
		if !ok || err != nil || (issue != "" && issue != key) {
			return refuse(CodeBadMessage, "The id is not that of one of your Clockwork timers.")
		}
		issue = key
	}
	token, err := b.o.Token(who)
	if err != nil {
		return refuse(CodeNoClockwork, "This needs your Clockwork API token: connect with it in X-Clockwork-Token.")
	}
	return timercontrol.Request{Token: token, AccountID: who.AccountID, IssueKey: issue, Comment: act.Comment}, nil
}

// do asks Clockwork. What it then is comes by event; a refusal goes to all of
// the user's clients, since each may be showing the wish.
func (b *clockwork) do(user string, who auth.Caller, act action, request timercontrol.Request) (done bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.server.ctx), commandTimeout)
	defer cancel()
	ctx = upstream.WithCaller(ctx, "user "+who.UserID)
	err := panics.Try(func() error {
		err := b.admit(ctx, who)
		switch {
		case err != nil:
		case act.Status == Stopped:
			_, err = b.o.Control.Stop(ctx, request)
		default:
			_, err = b.o.Control.Start(ctx, request)
		}
		return err
	})
	if err != nil {
		b.server.log.Warn("realtime: not done in clockwork", "error", err)
		code, message := b.explain(who, err)
		b.server.notify(user, (&refusal{code, message, act.ID}).encode())
		return false
	}
	return true
}

func (b *clockwork) admit(ctx context.Context, who auth.Caller) error {
	if b.o.Admit == nil {
		return nil
	}
	return b.o.Admit(ctx, who)
}

func (b *clockwork) explain(who auth.Caller, err error) (code, message string) {
	if b.o.Explain != nil {
		return b.o.Explain(who, err)
	}
	return "CLOCKWORK_UNAVAILABLE", "Clockwork did not do this. Try again shortly."
}
