package redisstore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
	"github.com/clockwork-timer/backend/pkg/realtime/storetest"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// servers are the ways to a Redis: each call of what one returns is another
// client of the same server.
var servers = map[string]func(t *testing.T) func(t *testing.T) redisstore.Redis{
	"miniredis": func(t *testing.T) func(t *testing.T) redisstore.Redis {
		addr := miniredis.RunT(t).Addr()
		return func(t *testing.T) redisstore.Redis { return redisclient.OverTCP(t, addr) }
	},
	"redis-server": func(t *testing.T) func(t *testing.T) redisstore.Redis {
		addr := redisserver.Start(t)
		return func(t *testing.T) redisstore.Redis { return redisclient.OverTCP(t, addr) }
	},
	"upstash-rest": func(t *testing.T) func(t *testing.T) redisstore.Redis {
		_, client := redisclient.OverREST(t, upstashrest.Options{})
		return func(*testing.T) redisstore.Redis { return client() }
	},
}

func TestContract(t *testing.T) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				connect := start(t)
				return func(t *testing.T) realtime.Store { return redisstore.New(connect(t)) }
			})
		})
	}
}

func changeOf(user string, after int64, comment string, events int) realtime.Change {
	c := realtime.Change{User: user, After: after, Announcement: "{}"}
	for n := range events {
		c.Events = append(c.Events, realtime.NewEvent(realtime.Timer{ID: string(rune('a' + n)), UserID: user, Status: realtime.Running, Comment: comment,
			StartedAt: time.Unix(1, 0).UTC(), UpdatedAt: time.Unix(2, 0).UTC(), Seq: after + 1 + int64(n), Source: realtime.SourceClient}))
	}
	return c
}

// If Redis refuses one user's change, the others' are made.
func TestRefusedUser(t *testing.T) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			redis := start(t)(t)
			store := redisstore.New(redis)
			_, err := redis.Do(t.Context(), "SET", "clockwork:realtime:timers:bad", "of another type")
			require.NoError(t, err)
			ann, err := store.Load(t.Context(), "ann")
			require.NoError(t, err)
			made, err := store.Commit(t.Context(), []realtime.Change{changeOf("ann", ann.Seq, "", 1), changeOf("bad", ann.Seq, "", 1), changeOf("bob", ann.Seq, "", 1)})
			var failed realtime.Failures
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, []bool{true, false, true}, made)
			assert.NoError(t, failed[0])
			assert.Error(t, failed[1])
			assert.NoError(t, failed[2])
			_, err = store.Commit(t.Context(), []realtime.Change{changeOf("bad", ann.Seq, "", 1)})
			require.Error(t, err)
			assert.NotErrorAs(t, err, &failed, "all of it failed")
		})
	}
}

// A commit may be larger than the largest request.
func TestLargeCommit(t *testing.T) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			store := redisstore.New(start(t)(t))
			none, err := store.Load(t.Context(), "nobody")
			require.NoError(t, err)
			comment := strings.Repeat("\\\"", 4<<10)
			var changes []realtime.Change
			for n := range 50 {
				changes = append(changes, changeOf(fmt.Sprint("user-", n), none.Seq, comment, 8))
			}
			made, err := store.Commit(t.Context(), changes)
			require.NoError(t, err)
			assert.NotContains(t, made, false)
			last, err := store.Load(t.Context(), "user-49")
			require.NoError(t, err)
			assert.Len(t, last.Timers, 8)
		})
	}
}
