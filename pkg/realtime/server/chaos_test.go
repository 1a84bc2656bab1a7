package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

// chaos has clients write and disconnect at random, before and after the trouble. Then
// each of them must show what the store has.
func chaos(t *testing.T, store realtime.Store, urls []string, trouble func()) {
	const users, each, rounds = 4, 3, 600
	random := rand.New(rand.NewPCG(1, 2))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	var mirrors []*mirror
	for n := range users * each {
		next := n
		m := &mirror{t: t, user: fmt.Sprintf("user-%d", n%users), urls: func() string { next++; return urls[next%len(urls)] }}
		mirrors = append(mirrors, m)
		running.Go(func() { m.run(ctx) })
	}
	for _, m := range mirrors {
		require.Eventually(t, m.connected, patience, time.Millisecond)
	}
	for round := range rounds {
		m := mirrors[random.IntN(len(mirrors))]
		action := []string{"timer_start", "timer_stop"}[random.IntN(2)]
		m.send(fmt.Sprintf(`{"action":%q,"id":"timer-%d","user_id":%q,"started_at":%q}`, action, random.IntN(3), m.user,
			time.Date(2026, 5, 4, 9, 0, random.IntN(3), 0, time.UTC).Format(time.RFC3339)))
		if random.IntN(5) == 0 {
			mirrors[random.IntN(len(mirrors))].drop()
		}
		if round == rounds/2 {
			trouble()
		}
	}
	require.Eventually(t, func() bool {
		for _, m := range mirrors {
			if !m.has("last") { // what is written after the trouble has to arrive everywhere
				m.send(fmt.Sprintf(`{"action":"timer_start","id":"last","user_id":%q,"started_at":%q}`, m.user, startedAt))
				return false
			}
			state, err := store.Load(ctx, m.user)
			if err != nil || !m.equals(state) {
				return false
			}
		}
		return true
	}, 2*patience, 10*time.Millisecond, "a client does not show what the store has")
}

func TestClientsDropAtRandom(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{PerSecond: 1e6}})
	chaos(t, w.store, []string{w.http.URL}, func() {})
}

func redisStore(t testing.TB, addr string) *redisstore.Store {
	t.Helper()
	return redisstore.New(redisclient.OverTCP(t, addr))
}

// restart brings a Redis back. Another process may have its port for a moment.
func restart(t testing.TB, mini *miniredis.Miniredis) {
	t.Helper()
	require.Eventually(t, func() bool { return mini.Restart() == nil }, patience, 10*time.Millisecond)
}

// Redis stays, or goes away in the middle and comes back, with its data or without: no
// client of two instances may show what is not there.
func TestInstancesDropAtRandom(t *testing.T) {
	for name, outage := range map[string]func(*testing.T, *miniredis.Miniredis){
		"redis-stays":      func(*testing.T, *miniredis.Miniredis) {},
		"comes-back":       func(t *testing.T, mini *miniredis.Miniredis) { mini.Close(); restart(t, mini) },
		"comes-back-empty": func(t *testing.T, mini *miniredis.Miniredis) { mini.Close(); mini.FlushAll(); restart(t, mini) },
	} {
		t.Run(name, func(t *testing.T) {
			mini := miniredis.RunT(t)
			limits := server.Limits{PerSecond: 1e6}
			first := newWorld(t, server.Options{Store: redisStore(t, mini.Addr()), Limits: limits})
			second := newWorld(t, server.Options{Store: redisStore(t, mini.Addr()), Limits: limits})
			chaos(t, first.store, []string{first.http.URL, second.http.URL}, func() { outage(t, mini) })
		})
	}
}

// Clients of two instances get each other's changes in order, over TCP and over REST.
func TestTwoInstances(t *testing.T) {
	t.Run("tcp", func(t *testing.T) {
		mini := miniredis.RunT(t)
		twoInstances(t, mini, redisStore(t, mini.Addr()), redisStore(t, mini.Addr()))
	})
	t.Run("rest", func(t *testing.T) {
		stand, client := redisclient.OverREST(t, upstashrest.Options{})
		twoInstances(t, stand.Miniredis(), redisstore.New(client()), redisstore.New(client()))
	})
}

func twoInstances(t *testing.T, mini *miniredis.Miniredis, stores ...realtime.Store) {
	first := newWorld(t, server.Options{Store: stores[0]})
	second := newWorld(t, server.Options{Store: stores[1]})
	here, _ := first.connect("ann")
	there, _ := second.connect("ann")
	require.Eventually(t, func() bool { return mini.PubSubNumPat() == 2 }, patience, time.Millisecond)
	for n := range int64(10) {
		sender := []*client{here, there}[n%2]
		sender.action([]string{"timer_start", "timer_stop"}[n%2], "one")
		for _, c := range []*client{here, there} {
			assert.Equal(t, n+1, c.next().Payload.Seq)
		}
	}
}

// While Redis is away, actions are refused and connections stay open.
func TestRedisAway(t *testing.T) {
	mini := miniredis.RunT(t)
	w := newWorld(t, server.Options{Store: redisStore(t, mini.Addr())})
	c, _ := w.connect("ann")
	mini.Close()
	c.action("timer_start", "one")
	c.refused(realtime.CodeUnavailable)
	restart(t, mini)
	c.action("timer_start", "two")
	c.update(1, "two", realtime.Running)
}

// A store is lost while nobody is connected: a client that reconnects later gets the
// successor's whole state, not only its last changes.
func TestStoreLostUnseen(t *testing.T) {
	for name, stores := range map[string]func(t *testing.T) (before, after func() realtime.Store){
		"sqlite": func(t *testing.T) (before, after func() realtime.Store) {
			open := func() realtime.Store { return memoryStore(t) }
			return open, open
		},
		"redis": func(t *testing.T) (before, after func() realtime.Store) {
			mini := miniredis.RunT(t)
			open := func() realtime.Store { return redisStore(t, mini.Addr()) }
			return open, func() realtime.Store { mini.FlushAll(); return open() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := stores(t)
			w := newWorld(t, server.Options{Store: before()})
			sleeper, _ := w.connect("ann")
			sleeper.action("timer_start", "lost")
			sleeper.update(1, "lost", realtime.Running)
			sleeper.action("timer_stop", "lost")
			sleeper.update(2, "lost", realtime.Stopped)
			since := w.since(2)

			w = newWorld(t, server.Options{Store: after()})
			awake, _ := w.connect("ann")
			for n, id := range []string{"one", "two", "three"} {
				awake.action("timer_start", id)
				awake.update(int64(n+1), id, realtime.Running)
			}
			state := w.dial("ann", since).next()
			assert.Equal(t, "state", state.Event)
			assert.Len(t, state.Payload.Timers, 3)
		})
	}
}
