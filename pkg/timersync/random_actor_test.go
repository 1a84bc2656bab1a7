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
	case n < 61:
		a.edit()
	case n < 62:
		a.moveIssue()
	case n < 64:
		a.makeUnreadable()
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
			a.touch(t.RunningFor)
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
		change := sandbox.TimerEdit{Comment: new(a.comment())}
		switch a.rng.IntN(4) {
		case 0:
			change = sandbox.TimerEdit{OnHold: new(t.WithinWorkingHours)}
		case 1:
			change = sandbox.TimerEdit{StartedAt: new(t.StartedAt.Add(-time.Duration(20+a.rng.IntN(600)) * time.Second))}
		}
		_, err := a.box.EditTimer(t.ID, change)
		a.tell("%d edits %d of %s on %s: %v", a.name, t.ID, t.RunningFor, t.Issue.Key, err)
	})
}

// touch notes that a timer of the account may stop now.
func (a *actor) touch(account string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mayStop[account] = true
}

// moveIssue gives an issue another key. Nothing stops or starts by that. A Redis
// that lost everything has also lost the key that events name the issue by.
func (a *actor) moveIssue() {
	if a.loseData {
		return
	}
	a.moments.change(func() {
		key := a.issue()
		a.mu.Lock()
		a.moves++
		to := fmt.Sprintf("MOVED-%d", a.moves)
		a.mu.Unlock()
		_, err := a.box.MoveIssue(key, to)
		a.tell("%d moves %s to %s: %v", a.name, key, to, err)
	})
}

// makeUnreadable spoils an entry of Clockwork's list until the round ends. Nothing
// stops by that. What readers see is compared with moments only if its person and
// place can still be told: else the timers of others are doubtful too.
func (a *actor) makeUnreadable() {
	t, ok := a.any()
	if !ok || a.moments.only[t.RunningFor] {
		return
	}
	ways := []sandbox.Oddity{sandbox.OddIssueGone, sandbox.OddEmptyTime, sandbox.OddFraction, sandbox.OddNoPerson, sandbox.OddNull}
	if a.pageSize > 100 {
		ways = ways[:3]
	}
	how := ways[a.rng.IntN(len(ways))]
	a.mu.Lock()
	a.unreadable[t.ID] = true
	a.mu.Unlock()
	a.tell("%d makes %d of %s unreadable: %s %v", a.name, t.ID, t.RunningFor, how, a.box.MakeOdd(t.ID, how))
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
	a.touch(p.AccountID)
	out, err := a.control.Start(context.Background(), timercontrol.Request{
		Token: a.box.ClockworkToken(p.AccountID), AccountID: p.AccountID, IssueKey: issue, Comment: a.comment(),
	})
	a.tell("%d starts here %s of %s: %v %v", a.name, issue, p.DisplayName, out.Timer != nil, err)
}

func (a *actor) stopHere() {
	p, issue := a.person(true), a.issue()
	a.touch(p.AccountID)
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
