package redisstore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
)

// What cannot be read in Redis is left out: its user's other timers are there,
// and change as before.
func TestUnreadable(t *testing.T) {
	redis := servers["redis-server"](t)(t)
	store := redisstore.New(redis)
	nobody, err := store.Load(t.Context(), "nobody")
	require.NoError(t, err)
	seq := nobody.Seq
	commit := func(id string) {
		t.Helper()
		e := realtime.NewEvent(realtime.Timer{ID: id, UserID: "ann", Status: realtime.Running, Seq: seq + 1, Source: realtime.SourceClient})
		made, err := store.Commit(t.Context(), []realtime.Change{{User: "ann", After: seq, Events: []realtime.Event{e}, Announcement: "{}"}})
		require.NoError(t, err)
		require.Equal(t, []bool{true}, made)
		seq++
	}
	commit("first")
	for _, text := range []string{"{", "null", `{"id":7}`, `{"id":"x","user_id":"ann","status":"running","started_at":"10000-01-01T00:00:00Z","updated_at":"2026-05-04T09:00:00Z"}`} {
		for _, command := range [][]any{{"HSET", "clockwork:realtime:timers:ann", "t:" + text, text}, {"RPUSH", "clockwork:realtime:events:ann", text}} {
			_, err := redis.Do(t.Context(), command...)
			require.NoError(t, err)
		}
	}
	commit("second")
	state, err := store.Load(t.Context(), "ann")
	require.NoError(t, err)
	assert.Error(t, state.Unreadable)
	assert.Equal(t, seq, state.Seq)
	assert.Len(t, state.Timers, 2)
	assert.Len(t, state.Recent, 2)
	commit("third")
}
