package timercache_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

// FuzzDecodeValue: whatever is in Redis, it is taken whole or not at all, and
// what is taken is stored again as the same.
func FuzzDecodeValue(f *testing.F) {
	for _, seed := range []string{
		"", "{", "null", "[]", `{"timers":[],"cachedAt":"2026-05-04T09:00:00Z","userKey":"ann","version":1}`,
		`{"timers":[{"id":-1,"startedAt":"2026-05-04T09:00:00Z","comment":"x","author":{"accountId":"ann"}}],"userKey":"all","version":9}`,
		`{"timers":null,"userKey":"ann"}`, `{"timers":[{"startedAt":"9999-12-31T23:00:00-12:00","finishedAt":"2026-05-04T09:00:00+24:00"}],"userKey":"ann"}`, `{"timers":[null],"userKey":"ann","cachedAt":"10000-01-01T00:00:00Z"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		v, ok := timercache.DecodeValue(raw)
		if !ok {
			assert.Zero(t, v)
			return
		}
		again, ok := timercache.DecodeValue(v.Encode())
		require.True(t, ok)
		assert.Equal(t, v.Encode(), again.Encode())
	})
}

func FuzzDecodeSync(f *testing.F) {
	for _, seed := range []string{"", "{", "{}", "null", `{"syncedAt":"2026-05-04T09:00:00Z","version":1,"source":"forge","floor":1}`,
		`{"syncedAt":"9999-12-31T23:59:59Z","version":-1}`, `{"syncedAt":"2026-05-04T09:00:00+24:00"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		state, ok := timercache.DecodeSync(raw, start)
		if ok {
			assert.False(t, state.SyncedAt.IsZero())
			assert.Less(t, start.Sub(state.SyncedAt), timercache.ForgetAge)
			again, ok := timercache.DecodeSync(state.Encode(), start)
			assert.True(t, ok)
			assert.Equal(t, state.Encode(), again.Encode())
		}
	})
}

// FuzzInflate: a staged text is unpacked, or refused, within bounds.
func FuzzInflate(f *testing.F) {
	packed, err := timercache.Deflate([]byte(strings.Repeat("timer ", 1000)))
	require.NoError(f, err)
	for _, seed := range []string{"", "%", packed, packed[:len(packed)/2], packed + packed} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if plain, err := timercache.Inflate(text); err == nil {
			assert.LessOrEqual(t, len(plain), 64<<20)
		}
		if s, err := timercache.Unpack(text); err == nil {
			_, err = timercache.Pack(s)
			assert.NoError(t, err)
		}
		again, err := timercache.Deflate([]byte(text))
		require.NoError(t, err)
		plain, err := timercache.Inflate(again)
		require.NoError(t, err)
		assert.Equal(t, text, string(plain))
	})
}

// FuzzReadCorrupt: no text in Redis makes a read or a start panic, and what is
// in the way of a sync is gone after it.
func FuzzReadCorrupt(f *testing.F) {
	f.Add("{", "{", "{", "{")
	f.Add(`{"syncedAt":"2026-05-04T08:59:59Z","version":5}`, `{"timers":[],"userKey":"all","version":5}`, "1", "[]")
	f.Add("", `{"timers":[{}],"userKey":"x","cachedAt":"9999-12-31T23:59:59Z"}`, `{"timers":[{}],"userKey":"x","version":9223372036854775807}`, `["a",1]`)
	f.Fuzz(func(t *testing.T, sync, all, own, pending string) {
		w := onMini(t)
		for key, text := range map[string]string{"sync": sync, "timers:all": all, "timers:ann": own, "pending": pending} {
			w.set("clockwork:"+key, strings.ToValidUTF8(text, "?")) // Redis clients carry text only
		}
		_, _ = w.cache.Read(t.Context(), ann)
		_ = w.cache.Started(t.Context(), owner("ann"), provisional("ann", "A-2", start))
		w.clock.Advance(time.Second)
		w.sync(running(1, "ann", "A-1", time.Hour))
		w.clock.Advance(time.Second)
		w.sync(running(1, "ann", "A-1", time.Hour))
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
		assert.Equal(t, []string{"A-1"}, w.issues(everybody))
	})
}
