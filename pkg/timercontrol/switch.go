package timercontrol

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// maxOthers bounds the calls to Clockwork of one switch.
const maxOthers = 10

// SwitchError means that a switch stopped other timers, or had to, and then went
// no further. The same request again does the rest.
type SwitchError struct {
	Stopped   []string // issues whose timers were stopped
	Unstopped string   // the issue whose timer could not be stopped; "" if the start failed
	IssueKey  string   // the issue that was to be started
	Err       error
}

func (e *SwitchError) Error() string {
	return fmt.Sprintf("switch to %s after %d stops: %v", e.IssueKey, len(e.Stopped), e.Err)
}

func (e *SwitchError) Unwrap() error { return e.Err }

// Switch stops the timers of the account that run on other issues, and then
// starts one, unless it runs already. It may be repeated: what is done is not
// done again. The cache says which timers run, if need be as of the last sync.
func (c *Control) Switch(ctx context.Context, r Request) (Outcome, error) {
	whose, err := c.subject(ctx, r)
	if err != nil {
		return Outcome{}, err
	}
	others, here, err := c.others(ctx, whose, r)
	if err != nil {
		return Outcome{}, err
	}
	ctx, done := ignoringHangUp(ctx)
	defer done()
	stopped, pending, err := c.stopOthers(ctx, &whose, r, others)
	var out Outcome
	if err == nil {
		if out, err = c.start(ctx, whose, r); here != nil && runsAlready(err) {
			out, err = Outcome{Timer: here}, nil
		}
	}
	if err != nil {
		if len(stopped) > 0 && !errors.Is(err, ErrOutcomeUnknown) { // then it was requested
			c.requestSync(ctx, whose.account)
		}
		if failed, ok := errors.AsType[*SwitchError](err); ok {
			failed.Stopped = stopped
		} else if len(stopped) > 0 {
			err = &SwitchError{Stopped: stopped, IssueKey: r.IssueKey, Err: err}
		}
		return Outcome{}, err
	}
	out.Others, out.Pending = stopped, out.Pending || pending
	out.SyncRequested = c.requestSync(ctx, whose.account)
	return out, nil
}

// others is where else timers of the account run, and the timer that runs on the
// issue of r already, if one does.
func (c *Control) others(ctx context.Context, whose subject, r Request) (others []timer.Issue, here *timer.Timer, err error) {
	switch {
	case whose.unread != nil:
		return nil, nil, whose.unread
	case whose.account == "":
		return nil, nil, ErrOthersUnknown
	}
	view, err := c.view(ctx, whose)
	if err != nil {
		return nil, nil, err
	}
	target := timer.Issue{Key: r.IssueKey}
	if issue, found, _ := whose.known.jiraIssue(); found {
		target = IssueOf(issue)
	}
	for _, t := range view.Timers {
		if t.Issue.Same(target) {
			here = &t
		} else {
			others = append(others, t.Issue)
		}
	}
	switch {
	case len(others) > maxOthers:
		return nil, nil, ErrTooMany
	case len(view.Timers) == 0 && view.SyncedAt == nil:
		return nil, nil, ErrOthersUnknown
	}
	return others, here, nil
}

// stopOthers stops timers one after the other, up to the first that fails. That
// it may have been stopped all the same does no harm: a stop may be repeated.
func (c *Control) stopOthers(ctx context.Context, whose *subject, r Request, others []timer.Issue) (stopped []string, pending bool, err error) {
	target := whose.known.issue
	whose.known.issue = "" // is not about the others
	defer func() { whose.known.issue = target }()
	for _, issue := range others {
		out, err := c.stop(ctx, *whose, r.Token, issue.Key, issue)
		if err != nil {
			if failed, ok := errors.AsType[*upstream.Error](err); ok && errors.Is(err, ErrOutcomeUnknown) {
				err = failed
			}
			return stopped, pending, &SwitchError{Unstopped: issue.Key, IssueKey: r.IssueKey, Err: err}
		}
		whose.known.held = nil // it has changed
		pending = pending || out.Pending
		if out.Stopped {
			stopped = append(stopped, issue.Key)
		}
	}
	return stopped, pending, nil
}

// runsAlready reports whether Clockwork refused a start because of a state, such
// as that a timer runs on the issue.
func runsAlready(err error) bool {
	failed, ok := errors.AsType[*upstream.Error](err)
	return ok && (failed.Status == http.StatusUnprocessableEntity || failed.Status == http.StatusConflict)
}

// ignoringHangUp is ctx for what must be finished once it has begun, by ctx's
// deadline.
func ignoringHangUp(ctx context.Context) (context.Context, context.CancelFunc) {
	working := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(working, deadline)
	}
	return working, func() {}
}
