package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/tcpproxy"
)

// near is a store on the Redis at addr that soon notices dead connections.
func near(t *testing.T, addr string, timeout time.Duration) *redisstore.Store {
	t.Helper()
	client, err := tcp.New("redis://"+addr, redis.Options{Timeout: timeout, Silence: 100 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return redisstore.New(client)
}

func commitElsewhere(t *testing.T, store realtime.Store, id, announcement string) {
	t.Helper()
	state, err := store.Load(t.Context(), "ann")
	require.NoError(t, err)
	made, err := store.Commit(t.Context(), []realtime.Change{{User: "ann", After: state.Seq, Announcement: announcement, Events: []realtime.Event{
		realtime.NewEvent(realtime.Timer{ID: id, UserID: "ann", Status: realtime.Running, StartedAt: time.Unix(1, 0).UTC(), UpdatedAt: time.Unix(2, 0).UTC(),
			Seq: state.Seq + 1, Source: realtime.SourceClient})}}})
	require.NoError(t, err)
	require.Equal(t, []bool{true}, made)
}

// What an announcement lacks, or what cannot be read of it, is read from the store.
func TestChangesThatAreNotAnnounced(t *testing.T) {
	store := near(t, redisserver.Start(t), patience)
	w := newWorld(t, server.Options{Store: store})
	ann := w.dial("ann", "")
	require.Equal(t, "state", ann.next().Event)
	for id, announcement := range map[string]string{"too-large": `{"last":9223372036854775807,"timers":[]}`, "cut": "", "unreadable": "?"} {
		commitElsewhere(t, store, id, announcement)
		assert.Equal(t, id, ann.next().Payload.ID)
	}
}

// The server notices that an open subscription is dead, reads what it missed, and
// subscribes again.
func TestFeedGoesSilent(t *testing.T) {
	t.Parallel()
	addr := redisserver.Start(t)
	proxy, err := tcpproxy.Start(addr)
	require.NoError(t, err)
	t.Cleanup(proxy.Close)
	elsewhere := near(t, addr, patience)
	w := newWorld(t, server.Options{Store: near(t, proxy.Addr(), time.Second)})
	ann := w.dial("ann", "")
	require.Equal(t, "state", ann.next().Event)
	commitElsewhere(t, elsewhere, "first", "")
	assert.Equal(t, "first", ann.next().Payload.ID, "it is subscribed")

	proxy.Swallow()
	commitElsewhere(t, elsewhere, "missed", "")
	assert.Equal(t, "missed", ann.next().Payload.ID)
	commitElsewhere(t, elsewhere, "heard", "")
	assert.Equal(t, "heard", ann.next().Payload.ID)
}
