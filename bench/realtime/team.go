package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// The team that is measured.
const (
	teamPeople  = 2000
	teamTimers  = 500
	teamViewers = 200
	teamRate    = 100         // changes per second
	teamGoal    = time.Second // until the last viewer has a change
)

// board is a team in Redis, and its viewers.
type board struct {
	cache *timercache.Cache
	now   time.Time

	mu      sync.Mutex
	began   map[string]time.Time // when each person's only change began
	shown   map[string]int       // how many viewers have each person's change
	latency histogram
	faults  []string
}

// team measures what it costs to show a team to its viewers.
func (m *measurements) team(ctx context.Context) (err error) {
	w := newWorld(kindTeam)
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.start(ctx, m.profile); err != nil {
		return err
	}
	client, err := tcp.New(w.redis, redis.Options{Connections: 16})
	if err != nil {
		return err
	}
	defer client.Close()
	b := &board{cache: timercache.New(client, "", nil), now: time.Now().UTC().Truncate(time.Millisecond), began: map[string]time.Time{}, shown: map[string]int{}}
	if err := b.fill(ctx); err != nil {
		return err
	}
	if err := w.watch(b, 1); err != nil { // loads what all viewers share
		return err
	}
	before, err := w.memory(ctx)
	if err != nil {
		return err
	}
	connecting := time.Now()
	if err := w.watch(b, teamViewers-1); err != nil {
		return err
	}
	r := result{kind: kindTeam, shape: fmt.Sprintf("%d viewers of %d", teamViewers, teamPeople), rate: teamRate, connects: (teamViewers - 1) / time.Since(connecting).Seconds()}
	after, err := w.memory(ctx)
	if err != nil {
		return err
	}
	r.memory = (after - before) / (teamViewers - 1)
	if err := b.change(ctx, w, m.length, &r); err != nil {
		return err
	}
	m.results = append(m.results, r)
	fmt.Fprintf(m.progress, "%s, %s, %d/s: p99 %v\n", r.kind, r.shape, r.rate, r.latency[2])
	return nil
}

// fill writes everybody: some run a timer, the others did before.
func (b *board) fill(ctx context.Context) error {
	all := make([]timer.Timer, teamPeople)
	for n := range all {
		all[n] = b.timerOf(n)
	}
	for _, running := range [][]timer.Timer{all, all[:teamTimers]} {
		base, _, err := b.cache.Base(ctx)
		if err != nil {
			return err
		}
		snapshot := timercache.Snapshot{FetchedAt: b.now, CachedAt: b.now, Source: "connect", Enriched: true, Timers: running}
		if _, _, err := b.cache.Propose(ctx, "fill", base, snapshot); err != nil {
			return err
		}
		if _, err := b.cache.Commit(ctx, "fill"); err != nil {
			return err
		}
		b.now = b.now.Add(time.Second)
	}
	return nil
}

func account(n int) string { return fmt.Sprintf("5b10ac8d82e05b22%08x", n) }

func (b *board) timerOf(n int) timer.Timer {
	return timer.Timer{
		ID: int64(10_000 + n), StartedAt: b.now.Add(-time.Duration(1+n%480) * time.Minute), RunningFor: account(n), Comment: new("Waiting for the customs papers"), TillNow: int64(60 * (1 + n%480)),
		Issue:              timer.Issue{Key: fmt.Sprintf("CARGO-%d", n+1), ID: int64(900_000 + n), Summary: fmt.Sprintf("Load plan for Hamburg, week %d", n%52), ProjectName: "Cargo Planning"},
		Author:             &timer.Person{AccountID: account(n), DisplayName: fmt.Sprintf("Person %d", n), AvatarURL: fmt.Sprintf("https://avatars.example/%s/128", account(n))},
		WithinWorkingHours: true, StartedWithinWorkingHours: true,
	}
}

// watch connects viewers, and waits until each has the whole team.
func (w *world) watch(b *board, viewers int) error {
	var group errgroup.Group
	group.SetLimit(connectAtOnce)
	for range viewers {
		u := &user{name: fmt.Sprintf("user-%d", len(w.users)), clients: make([]*client, 1)}
		w.users = append(w.users, u)
		token, err := w.token(u.name)
		if err != nil {
			return err
		}
		group.Go(func() error { return w.open(u, 0, "/ws?scope=team", token, b.got) })
	}
	return group.Wait()
}

// got processes one message of one viewer.
func (b *board) got(message []byte, now time.Time) {
	event := text(message, []byte(`{"event":"`))
	members := bytes.Split(message, []byte(`"accountId":"`))[1:]
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case event == "team_state" && len(members) != teamPeople, event != "team_state" && event != "team":
		b.faults = append(b.faults, fmt.Sprintf("%d members, unexpected in %.200s", len(members), message))
	case event == "team":
		for _, m := range members {
			id, _, _ := bytes.Cut(m, []byte{'"'})
			if b.shown[string(id)]++; b.shown[string(id)] == teamViewers {
				b.latency.add(now.Sub(b.began[string(id)]))
			}
		}
	}
}

// change starts and stops timers at a rate, one of each person, and waits until every
// viewer has every change.
func (b *board) change(ctx context.Context, w *world, length time.Duration, r *result) error {
	before, err := w.cpu(ctx)
	if err != nil {
		return err
	}
	changes := min(int(length.Seconds()*teamRate), 2*min(teamTimers, teamPeople-teamTimers))
	began := time.Now()
	var group errgroup.Group
	for n := range changes {
		if err := pause(ctx, time.Until(began.Add(time.Duration(n)*time.Second/teamRate))); err != nil {
			return err
		}
		group.Go(func() error { return b.act(ctx, n) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	r.achieved = float64(changes) / time.Since(began).Seconds()
	if r.lost, err = b.await(ctx, changes); err != nil {
		return err
	}
	after, err := w.cpu(ctx)
	if err != nil {
		return err
	}
	r.cpu = (after - before) / time.Duration(changes)
	r.latency = b.latency.quantiles(0.5, 0.95, 0.99, 1)
	return nil
}

// act makes the nth change: a start by somebody who runs nothing, or a stop.
func (b *board) act(ctx context.Context, n int) error {
	who := n / 2
	if n%2 == 0 {
		who += teamTimers
	}
	t := b.timerOf(who)
	b.mu.Lock()
	b.began[account(who)] = time.Now()
	b.mu.Unlock()
	if n%2 == 0 {
		t.StartedAt = b.now
		return b.cache.Started(ctx, *t.Author, t, "", nil)
	}
	return b.cache.Stopped(ctx, *t.Author, t.Issue, b.now, nil)
}

// await waits until every viewer has every change, and counts the changes that some
// viewer did not get.
func (b *board) await(ctx context.Context, changes int) (lost int, err error) {
	for deadline := time.Now().Add(drainTime); ; {
		b.mu.Lock()
		lost = changes
		for _, viewers := range b.shown {
			if viewers >= teamViewers {
				lost--
			}
		}
		if len(b.faults) > 0 {
			err = errors.New(b.faults[0])
		}
		b.mu.Unlock()
		if lost == 0 || err != nil || time.Now().After(deadline) {
			return lost, err
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return lost, err
		}
	}
}
