package bridge

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

const (
	// commandTimeout bounds a start or stop in Clockwork.
	commandTimeout = 25 * time.Second
	// eventGrace is how long the event of a start or stop may take to arrive.
	eventGrace = 2 * time.Second
	// maxCommands bounds the starts and stops in progress of one connection.
	maxCommands = 4
)

// Sender is the connection that an action came from.
type Sender struct {
	Caller auth.Caller
	Room   *fanout.Room
	Refuse func(*realtime.Refusal)

	commands atomic.Int32 // in progress
}

// Command carries out an action that is about Clockwork, and reports whether it is:
// one of Clockwork's own timers, or one with an issue if the user has a Clockwork
// token. The timer gets Clockwork's id, not the client's: all clients see it like one
// that was started elsewhere.
func (b *Bridge) Command(from *Sender, act realtime.Action) bool {
	own := strings.HasPrefix(act.ID, realtime.ClockworkPrefix)
	if !own && (act.IssueKey == "" || (act.Status == realtime.Stopped && runsOnlyHere(from.Room, act.ID))) {
		return false
	}
	request, token, why := b.request(from.Caller, act)
	if why != nil {
		without := why.Code == realtime.CodeForbidden || why.Code == realtime.CodeNoClockwork
		if without && !own && from.Caller.ClockworkToken.IsZero() {
			return false // without Clockwork it is a timer like any other
		}
		from.Refuse(why)
		return true
	}
	if from.commands.Add(1) > maxCommands {
		from.commands.Add(-1)
		from.Refuse(&realtime.Refusal{Code: realtime.CodeBusy, Message: "Several of your starts and stops are under way. Try again in a moment.", ID: act.ID})
		return true
	}
	b.tasks.Go("command", func() {
		done := b.call(from, act, request, token)
		from.commands.Add(-1)
		if done && b.tasks.Sleep(b.tasks.Context(), eventGrace) == nil {
			b.missed(from.Room.User) // the event may have been lost
		}
	})
	return true
}

// runsOnlyHere reports whether a timer runs that Clockwork does not know.
func runsOnlyHere(r *fanout.Room, id string) (only bool) {
	r.Read(func(s fanout.Snapshot) {
		t := s.Timers[id]
		only = t.Source == realtime.SourceClient && t.Status == realtime.Running
	})
	return only
}

// request is what Clockwork is asked for, and with which token, or why it is not.
func (b *Bridge) request(who auth.Caller, act realtime.Action) (timercontrol.Request, Token, *realtime.Refusal) {
	refuse := func(code, message string) (timercontrol.Request, Token, *realtime.Refusal) {
		return timercontrol.Request{}, Token{}, &realtime.Refusal{Code: code, Message: message, ID: act.ID}
	}
	if who.AccountID == "" {
		return refuse(realtime.CodeForbidden, "Your login has no Atlassian account, so Clockwork's timers are not yours to change here.")
	}
	issue := act.IssueKey
	if strings.HasPrefix(act.ID, realtime.ClockworkPrefix) {
		named, ok := realtime.IssueOf(who.AccountID, act.ID)
		key, err := jira.ParseListedKey(named)
		if !ok || err != nil || (issue != "" && issue != key) {
			return refuse(realtime.CodeBadMessage, "The id is not that of one of your Clockwork timers.")
		}
		issue = key
	}
	token, err := b.Token(b.tasks.Context(), who)
	switch {
	case errors.Is(err, auth.ErrNoClockwork):
		return refuse(realtime.CodeNoClockwork, "This needs your Clockwork API token: save it, or connect with it in X-Clockwork-Token.")
	case err != nil:
		return timercontrol.Request{}, Token{}, b.refusal(act.ID, err)
	}
	return timercontrol.Request{Token: token.Value, Saved: token.Saved, AccountID: who.AccountID, IssueKey: issue, Comment: act.Comment}, token, nil
}

// call asks Clockwork. The new state comes by event. A refusal goes to all of the
// user's clients, because each may be showing an optimistic update.
func (b *Bridge) call(from *Sender, act realtime.Action, request timercontrol.Request, token Token) (done bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.tasks.Context()), commandTimeout)
	defer cancel()
	ctx = upstream.WithCaller(ctx, "user "+from.Caller.UserID)
	err := panics.Try(func() error {
		if b.Admit != nil {
			if err := b.Admit(ctx, from.Caller); err != nil {
				return err
			}
		}
		send := b.Control.Start
		if act.Status == realtime.Stopped {
			send = b.Control.Stop
		}
		_, err := send(ctx, request)
		if err != nil && token.Failed != nil {
			err = token.Failed(ctx, err)
		}
		return err
	})
	if err == nil {
		return true
	}
	b.tasks.Log.Warn("realtime: not done in clockwork", "error", err)
	b.relay.Notify(from.Room.User, b.refusal(act.ID, err).Encode())
	return false
}

func (b *Bridge) refusal(id string, err error) *realtime.Refusal {
	why := &realtime.Refusal{Code: "CLOCKWORK_UNAVAILABLE", Message: "Clockwork did not do this. Try again shortly.", ID: id}
	if b.Explain != nil {
		why.Code, why.Message = b.Explain(err)
	}
	return why
}
