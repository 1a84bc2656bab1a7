package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/bridge"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// upstream is Clockwork with this backend's own cache beside it: the events are
// those that the cache publishes.
type upstream struct {
	t     testing.TB
	mini  *miniredis.Miniredis
	redis *redis.Client
	cache *timercache.Cache

	mu       sync.Mutex
	last     time.Time
	refusal  error
	asked    []timercontrol.Request
	ready    int            // subscriptions to the events that began
	compared map[string]int // reads of the cache, by user
}

func newUpstream(t testing.TB) *upstream {
	mini := miniredis.RunT(t)
	redis := redisclient.OverTCP(t, mini.Addr())
	u := &upstream{t: t, mini: mini, redis: redis, compared: map[string]int{}}
	u.cache = timercache.New(redis, "", u.now)
	u.sync()
	return u
}

// now is a millisecond later at each call, at least: no two changes that people
// make come at the same one.
func (u *upstream) now() time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last = u.last.Add(time.Millisecond)
	if now := time.Now(); now.After(u.last) {
		u.last = now
	}
	return u.last
}

// sync writes the snapshot of what runs.
func (u *upstream) sync(running ...timer.Timer) {
	u.t.Helper()
	u.syncAt(time.Now(), running...)
}

func (u *upstream) syncAt(now time.Time, running ...timer.Timer) {
	u.t.Helper()
	base, _, err := u.cache.Base(context.Background())
	require.NoError(u.t, err)
	mark, same, err := u.cache.Propose(context.Background(), "run", base, timercache.Snapshot{Timers: running, FetchedAt: now, CachedAt: now, Source: "forge"})
	require.NoError(u.t, err)
	if same {
		_, err = u.cache.Confirm(context.Background(), mark, now)
	} else {
		_, err = u.cache.Commit(context.Background(), "run")
	}
	require.NoError(u.t, err)
}

func clockworkTimer(account, issue string) timer.Timer {
	return timer.Timer{ID: -1, StartedAt: time.Now().UTC().Truncate(time.Second), RunningFor: account, Issue: timer.Issue{Key: issue, Summary: "Sum"},
		Author: &timer.Person{AccountID: account}, WithinWorkingHours: true, StartedWithinWorkingHours: true}
}

func (u *upstream) started(account, issue string) {
	u.t.Helper()
	require.NoError(u.t, u.cache.Started(context.Background(), timer.Person{AccountID: account}, clockworkTimer(account, issue), "", nil))
}

func (u *upstream) stopped(account, issue string) {
	u.t.Helper()
	require.NoError(u.t, u.cache.Stopped(context.Background(), timer.Person{AccountID: account}, timer.Issue{Key: issue}, time.Now().Truncate(time.Second), nil))
}

// Start and Stop are timercontrol's, without Clockwork.
func (u *upstream) Start(ctx context.Context, r timercontrol.Request) (timercontrol.Outcome, error) {
	if err := u.ask(r); err != nil {
		return timercontrol.Outcome{}, err
	}
	return timercontrol.Outcome{}, u.cache.Started(ctx, timer.Person{AccountID: r.AccountID}, clockworkTimer(r.AccountID, r.IssueKey), "", nil)
}

func (u *upstream) Stop(ctx context.Context, r timercontrol.Request) (timercontrol.Outcome, error) {
	if err := u.ask(r); err != nil {
		return timercontrol.Outcome{}, err
	}
	return timercontrol.Outcome{Stopped: true}, u.cache.Stopped(ctx, timer.Person{AccountID: r.AccountID}, timer.Issue{Key: r.IssueKey}, time.Now().Truncate(time.Second), nil)
}

func (u *upstream) ask(r timercontrol.Request) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked = append(u.asked, r)
	return u.refusal
}

func (u *upstream) refuse(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.refusal = err
}

func (u *upstream) options() *bridge.Options {
	return &bridge.Options{
		Events: u, Cache: u, Control: u,
		Token: func(_ context.Context, who auth.Caller) (bridge.Token, error) {
			if who.ClockworkToken.IsZero() {
				return bridge.Token{}, auth.ErrNoClockwork
			}
			return bridge.Token{Value: who.ClockworkToken}, nil
		},
		Explain: func(error) (string, string) { return "CLOCKWORK_FORBIDDEN", "Clockwork says no." },
	}
}

// PSubscribe is Redis' own, counted.
func (u *upstream) PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error {
	return u.redis.PSubscribe(ctx, func() {
		onReady()
		u.mu.Lock()
		defer u.mu.Unlock()
		u.ready++
	}, onMessage, patterns...)
}

// Read is the cache's own, counted.
func (u *upstream) Read(ctx context.Context, subject timercache.Subject) (timercache.View, error) {
	view, err := u.cache.Read(ctx, subject)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.compared[subject.AccountID]++
	return view, err
}

func (u *upstream) Freshness(ctx context.Context) (timercache.Freshness, error) {
	return u.cache.Freshness(ctx)
}

// listening waits until n servers are subscribed to the events.
func (u *upstream) listening(n int) {
	u.t.Helper()
	u.await(func() bool { return u.ready == n })
}

// connect connects a user to each server, and waits until these have compared
// what they know of the user with the cache: a change that is made while they
// look may be told twice.
func (u *upstream) connect(user string, servers ...*world) (clients []*client) {
	u.t.Helper()
	for _, w := range servers {
		c, _ := w.connect(user)
		clients = append(clients, c)
	}
	u.await(func() bool { return u.compared[user] >= len(servers) })
	return clients
}

func (u *upstream) await(holds func() bool) {
	u.t.Helper()
	require.Eventually(u.t, func() bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		return holds()
	}, patience, time.Millisecond)
}

// dialAccount connects as a user with an Atlassian account of the same id.
func (w *world) dialAccount(account, clockworkToken string) *client {
	w.t.Helper()
	c := claims(account)
	c.AccountID = account
	header := http.Header{"Authorization": {"Bearer " + signed(w.t, c)}}
	if clockworkToken != "" {
		header.Set("X-Clockwork-Token", clockworkToken)
	}
	return w.dialWith(account, "", header)
}

func TestClockworkChangesArrive(t *testing.T) {
	u := newUpstream(t)
	w := newWorld(t, server.Options{Clockwork: u.options()})
	u.listening(1)
	c := u.connect("ann", w)[0]
	u.started("ann", "ABC-1")
	m := c.update(1, "cw:ann:ABC-1", realtime.Running)
	assert.Equal(t, "ABC-1", m.Payload.IssueKey)
	assert.Equal(t, "Sum", m.Payload.Summary)
	assert.Equal(t, realtime.SourceClockwork, m.Payload.Source)
	u.stopped("ann", "ABC-1")
	c.update(2, "cw:ann:ABC-1", realtime.Stopped)
}

// Timers that ran before anybody connected, or before the server started, are shown.
func TestClockworkTimersOnConnect(t *testing.T) {
	u := newUpstream(t)
	u.sync(clockworkTimer("ann", "ABC-1"))
	w := newWorld(t, server.Options{Clockwork: u.options()})
	u.listening(1)
	c, state := w.connect("ann")
	if state.Payload.Seq == 0 { // not compared with the cache yet
		c.update(1, "cw:ann:ABC-1", realtime.Running)
	} else {
		require.Len(t, state.Payload.Timers, 1)
	}
	listing, err := w.server.Timers(t.Context(), "ann")
	require.NoError(t, err)
	require.NotNil(t, listing.Timer)
	assert.Equal(t, "cw:ann:ABC-1", listing.Timer.ID)

	u.sync(clockworkTimer("bob", "ABC-2"))
	c.update(2, "cw:ann:ABC-1", realtime.Stopped)
	listing, err = w.server.Timers(t.Context(), "bob")
	require.NoError(t, err)
	require.Len(t, listing.Timers, 1)
}

// Two instances get each event; the change is made once.
func TestClockworkChangesOnce(t *testing.T) {
	u := newUpstream(t)
	first := newWorld(t, server.Options{Store: redisStore(t, u.mini.Addr()), Clockwork: u.options()})
	second := newWorld(t, server.Options{Store: redisStore(t, u.mini.Addr()), Clockwork: u.options()})
	u.listening(2)
	clients := u.connect("ann", first, second)
	here, there := clients[0], clients[1]
	for n := range int64(20) {
		if n%2 == 0 {
			u.started("ann", "ABC-1")
		} else {
			u.stopped("ann", "ABC-1")
		}
	}
	for n := range int64(20) {
		want := []realtime.Status{realtime.Running, realtime.Stopped}[n%2]
		here.update(n+1, "cw:ann:ABC-1", want)
		there.update(n+1, "cw:ann:ABC-1", want)
	}
}

// The cache supplies the events that were missed.
func TestClockworkEventsMissed(t *testing.T) {
	u := newUpstream(t)
	w := newWorld(t, server.Options{Clockwork: u.options()})
	u.listening(1)
	c := u.connect("ann", w)[0]
	u.started("ann", "ABC-1")
	c.update(1, "cw:ann:ABC-1", realtime.Running)
	u.mini.Close()
	restart(t, u.mini)
	// The subscription may not be back yet, so these events may be lost.
	u.stopped("ann", "ABC-1")
	u.started("ann", "ABC-2")
	statuses := map[string]realtime.Status{}
	for statuses["cw:ann:ABC-1"] != realtime.Stopped || statuses["cw:ann:ABC-2"] != realtime.Running {
		m := c.next()
		statuses[m.Payload.ID] = m.Payload.Status
	}
}

func TestStartInClockwork(t *testing.T) {
	u := newUpstream(t)
	// The comparison after a command never comes: if it met the event, a change could be
	// sent twice.
	w := newWorld(t, server.Options{Clockwork: u.options(), Sleep: func(ctx context.Context, _ time.Duration) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	u.listening(1)
	sender := w.dialAccount("ann", "marked-token")
	sender.next()
	other := u.connect("ann", w)[0]
	sender.send(`{"action":"timer_start","id":"mine","user_id":"ann","started_at":"` + startedAt + `","issue_key":"abc-1","comment":"Com"}`)
	for _, c := range []*client{sender, other} {
		c.update(1, "cw:ann:ABC-1", realtime.Running)
	}
	u.mu.Lock()
	assert.Equal(t, "marked-token", u.asked[0].Token.Reveal())
	assert.Equal(t, timercontrol.Request{Token: u.asked[0].Token, AccountID: "ann", IssueKey: "ABC-1", Comment: "Com"}, u.asked[0])
	u.mu.Unlock()
	sender.action("timer_stop", "cw:ann:ABC-1")
	for _, c := range []*client{sender, other} {
		c.update(2, "cw:ann:ABC-1", realtime.Stopped)
	}
}

func TestClockworkRefuses(t *testing.T) {
	u := newUpstream(t)
	mini := miniredis.RunT(t)
	first := newWorld(t, server.Options{Store: redisStore(t, mini.Addr()), Clockwork: u.options()})
	second := newWorld(t, server.Options{Store: redisStore(t, mini.Addr()), Clockwork: u.options()})
	require.Eventually(t, func() bool { return mini.PubSubNumPat() == 2 }, patience, time.Millisecond)
	u.refuse(errors.New("marked: 403"))
	sender := first.dialAccount("ann", "marked-token")
	sender.next()
	other, _ := second.connect("ann")
	sender.send(`{"action":"timer_start","id":"mine","user_id":"ann","started_at":"` + startedAt + `","issue_key":"ABC-1"}`)
	for _, c := range []*client{sender, other} {
		m := c.refused("CLOCKWORK_FORBIDDEN")
		assert.Equal(t, "mine", m.Payload.ID)
		assert.Equal(t, "Clockwork says no.", m.Payload.Message)
	}
}

func TestClockworkWithoutToken(t *testing.T) {
	u := newUpstream(t)
	w := newWorld(t, server.Options{Clockwork: u.options()})
	c := w.dialAccount("ann", "")
	c.next()
	c.send(`{"action":"timer_start","id":"mine","user_id":"ann","started_at":"` + startedAt + `","issue_key":"ABC-1"}`)
	c.update(1, "mine", realtime.Running) // a timer like any other
	c.action("timer_stop", "cw:ann:ABC-1")
	c.refused(realtime.CodeNoClockwork)
	c.action("timer_stop", "cw:bob:ABC-1")
	c.refused(realtime.CodeBadMessage)
	user, _ := w.connect("no-account")
	user.action("timer_stop", "cw:ann:ABC-1")
	user.refused(realtime.CodeForbidden)
}

// A client's own timer stays its own, even if it has an issue.
func TestOwnTimerWithAnIssue(t *testing.T) {
	u := newUpstream(t)
	w := newWorld(t, server.Options{Clockwork: u.options()})
	c := w.dialAccount("ann", "")
	c.next()
	c.send(`{"action":"timer_start","id":"mine","user_id":"ann","started_at":"` + startedAt + `","issue_key":"ABC-1"}`)
	c.update(1, "mine", realtime.Running)
	c = w.dialAccount("ann", "marked-token") // the same user, with a token since
	c.next()
	c.send(`{"action":"timer_stop","id":"mine","user_id":"ann","started_at":"` + startedAt + `","issue_key":"ABC-1"}`)
	c.update(2, "mine", realtime.Stopped)
	u.mu.Lock()
	defer u.mu.Unlock()
	assert.Empty(t, u.asked)
}

// A user who starts too much is refused, and Clockwork is not asked.
func TestCommandNotAdmitted(t *testing.T) {
	u := newUpstream(t)
	o := u.options()
	o.Admit = func(_ context.Context, who auth.Caller) error { return fmt.Errorf("too many of %s", who.UserID) }
	o.Explain = func(err error) (string, string) {
		return "RATE_LIMITED", err.Error()
	}
	w := newWorld(t, server.Options{Clockwork: o})
	c := w.dialAccount("ann", "marked-token")
	c.next()
	c.send(`{"action":"timer_start","id":"mine","user_id":"ann","started_at":"` + startedAt + `","issue_key":"ABC-1"}`)
	assert.Equal(t, "too many of ann", c.refused("RATE_LIMITED").Payload.Message)
	u.mu.Lock()
	defer u.mu.Unlock()
	assert.Empty(t, u.asked)
}

// Why a start failed is sent to all of the user's clients, and to no others.
func TestStartThatCameToNothing(t *testing.T) {
	u := newUpstream(t)
	first, second := newWorld(t, server.Options{Clockwork: u.options()}), newWorld(t, server.Options{Clockwork: u.options()})
	u.listening(2)
	clients, bob := u.connect("ann", first, second), u.connect("bob", first)[0]
	const why = `{"event":"error","payload":{"code":"START_NOT_CONFIRMED","message":"ABC-1 did not stay running in Clockwork.","id":"cw:ann:ABC-1"}}`
	u.mini.Publish("clockwork:events:ann", why)
	u.mini.Publish("clockwork:events:bob", why) // ann's, so not bob's
	for _, c := range clients {
		m := c.refused("START_NOT_CONFIRMED")
		assert.Equal(t, "cw:ann:ABC-1", m.Payload.ID)
		assert.Equal(t, "ABC-1 did not stay running in Clockwork.", m.Payload.Message)
	}
	u.started("bob", "ABC-2")
	bob.update(1, "cw:bob:ABC-2", realtime.Running)
}

// The server tolerates anything on the channels.
func TestStrangeEvents(t *testing.T) {
	u := newUpstream(t)
	w := newWorld(t, server.Options{Clockwork: u.options()})
	u.listening(1)
	c := u.connect("ann", w)[0]
	for _, text := range []string{"", "null", "[]", `{"event":"timer_updated"}`, `{"event":"timer_updated","payload":{"id":"cw:bob:ABC-1","user_id":"ann","issue_key":"ABC-1","status":"running","updated_at":"2026-05-04T09:00:00Z"}}`} {
		u.mini.Publish("clockwork:events:ann", text)
	}
	u.started("ann", "ABC-1")
	c.update(1, "cw:ann:ABC-1", realtime.Running)
}
