package timersync_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/sandbox"
)

// actor does one thing after another.
type actor struct {
	*randomRun
	name int
	rng  *rand.Rand
}

// act does one of the things that happen in life, most often a change in
// Clockwork itself.
func (a *actor) act() {
	switch n := a.rng.IntN(100); {
	case n < 26:
		a.start()
	case n < 52:
		a.stop()
	case n < 64:
		a.edit()
	case n < 70:
		a.startHere()
	case n < 75:
		a.stopHere()
	case n < 79:
		a.sync()
	case n < 80:
		a.injectFault()
	case n < 90:
		a.require(a.look())
	default:
		a.read()
	}
}

// people of even number are moved only in Clockwork itself, the others through
// this backend too.
func (a *actor) person(throughHere bool) sandbox.Person {
	people := a.box.People()
	n := a.rng.IntN(len(people))
	if throughHere {
		n |= 1
	}
	return people[n%len(people)]
}

func (a *actor) issue() string { return a.box.Issues()[a.rng.IntN(5)].Key }

func (a *actor) start() {
	p, issue := a.person(false), a.issue()
	a.moments.change(func() {
		t, err := a.box.StartTimer(p.AccountID, issue, a.comment())
		a.tell("%d starts %s of %s: %d %v", a.name, issue, p.DisplayName, t.ID, err)
	})
}

func (a *actor) stop() {
	a.moments.change(func() {
		if t, ok := a.any(); ok {
			_, err := a.box.StopTimer(t.RunningFor, t.Issue.Key)
			a.tell("%d stops %s of %s: %d %v", a.name, t.Issue.Key, t.RunningFor, t.ID, err)
		}
	})
}

func (a *actor) edit() {
	a.moments.change(func() {
		t, ok := a.any()
		if !ok {
			return
		}
		comment := a.comment()
		change := sandbox.TimerEdit{Comment: &comment}
		switch a.rng.IntN(4) {
		case 0:
			hold := t.WithinWorkingHours
			change = sandbox.TimerEdit{OnHold: &hold}
		case 1:
			at := t.StartedAt.Add(-time.Duration(20+a.rng.IntN(600)) * time.Second)
			change = sandbox.TimerEdit{StartedAt: &at}
		}
		_, err := a.box.EditTimer(t.ID, change)
		a.tell("%d edits %d of %s on %s: %v", a.name, t.ID, t.RunningFor, t.Issue.Key, err)
	})
}

func (a *actor) any() (timer.Timer, bool) {
	running := a.box.RunningTimers()
	if len(running) == 0 {
		return timer.Timer{}, false
	}
	return running[a.rng.IntN(len(running))], true
}

func (a *actor) comment() string {
	if a.rng.IntN(2) == 0 {
		return ""
	}
	return fmt.Sprintf("note %d", a.rng.IntN(1000))
}

func (a *actor) startHere() {
	p, issue := a.person(true), a.issue()
	out, err := a.control.Start(context.Background(), timercontrol.Request{
		Token: a.box.ClockworkToken(p.AccountID), AccountID: p.AccountID, IssueKey: issue, Comment: a.comment(),
	})
	a.tell("%d starts here %s of %s: %v %v", a.name, issue, p.DisplayName, out.Timer != nil, err)
}

func (a *actor) stopHere() {
	p, issue := a.person(true), a.issue()
	if a.rng.IntN(3) == 0 {
		issue = ""
	}
	out, err := a.control.Stop(context.Background(), timercontrol.Request{
		Token: a.box.ClockworkToken(p.AccountID), AccountID: p.AccountID, IssueKey: issue,
	})
	a.tell("%d stops here %q of %s: %v %v", a.name, issue, p.DisplayName, out.Stopped, err)
}

func (a *actor) sync() {
	syncer := a.syncers[a.name%len(a.syncers)]
	if a.rng.IntN(8) == 0 {
		syncer = a.process()
	}
	if a.rng.IntN(40) == 0 {
		a.box.RevokeTokens()
	}
	a.tell("%d syncs", a.name)
	result, err := syncer.Run(context.Background())
	a.tell("%d synced: %+v %v", a.name, result, err)
	a.mu.Lock()
	a.syncs++
	a.mu.Unlock()
}

// read is what a client does: it must never fail but with Redis.
func (a *actor) read() {
	p := a.person(false)
	view, err := a.cache.Read(context.Background(), timercache.Subject{AccountID: p.AccountID})
	if err != nil {
		return
	}
	for _, t := range view.Timers {
		if t.RunningFor != p.AccountID {
			a.require(fmt.Errorf("%s is shown %d of %s", p.AccountID, t.ID, t.RunningFor))
		}
	}
}
