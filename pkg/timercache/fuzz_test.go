package timercache_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// FuzzDecodeValue: whatever is in Redis, it is taken whole or not at all, and what is
// taken is stored again as the same, as encoding/json would write it.
func FuzzDecodeValue(f *testing.F) {
	for _, seed := range []string{
		"", "{", "null", "[]", `{"timers":[],"cachedAt":"2026-05-04T09:00:00Z","userKey":"ann","version":1}`,
		`{"timers":[{"id":-1,"startedAt":"2026-05-04T09:00:00Z","comment":"x","author":{"accountId":"ann"}}],"userKey":"all","version":9}`,
		`{"timers":null,"userKey":"ann"}`, `{"timers":[{"startedAt":"9999-12-31T23:00:00-12:00","finishedAt":"2026-05-04T09:00:00+24:00"}],"userKey":"ann"}`, `{"timers":[null],"userKey":"ann","cachedAt":"10000-01-01T00:00:00Z"}`,
		`{"timers":[],"cachedAt":"2026-05-04T09:00:00Z","userKey":"ann","version":1,"epoch":"E","seenAs":{"7":"A-1"},"acts":[{"issueKey":"A-1","issueId":7,"started":true,"at":"2026-05-04T09:00:00+01:00"}]}`,
		`{"timers":[],"userKey":"ann","acts":[{"at":"9999-12-31T23:00:00-12:00"}]}`,
		`{"timers":[{"id":1,"startedAt":"2026-05-04T09:00:00.5Z","finishedAt":"2026-05-04T09:00:00Z","comment":"Tür <&> \"a\\b\" \u2028\u0000 \ud800","runningFor":"ann","worklogCount":3,"issue":{"key":"A-1","id":7,"summary":"s","projectName":"p"},"author":{"accountId":"ann","displayName":"Ann","emailAddress":"a@x","avatarUrl":"u"},"withinWorkingHours":true},{"id":2}],"cachedAt":"2026-05-04T09:00:00Z","userKey":"ann","version":1,"email":"a@x","listed":true,"acts":[{"issue":"A-1/7","started":true,"at":"2026-05-04T09:00:00Z","token":"t"},{"issue":"A-2/8"}],"lastSeen":{"name":"Ann","issue":{"key":"A-1","id":7},"at":"2026-05-04T09:00:00Z"}}`,
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
		plain, err := json.Marshal(v)
		require.NoError(t, err)
		assert.Equal(t, string(plain), v.Encode())
	})
}

func FuzzDecodeSync(f *testing.F) {
	for _, seed := range []string{"", "{", "{}", "null", `{"syncedAt":"2026-05-04T09:00:00Z","version":1,"source":"forge","floor":1}`,
		`{"syncedAt":"2026-05-04T09:00:00Z","version":1,"source":"forge","run":"R","epoch":"E","floor":1}`,
		`{"syncedAt":"9999-12-31T23:59:59Z","version":-1}`, `{"syncedAt":"2026-05-04T09:00:00+24:00"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		state, ok := timercache.DecodeSync(raw)
		if ok {
			assert.False(t, state.SyncedAt.IsZero())
			again, ok := timercache.DecodeSync(state.Encode())
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
	f.Add(`{"syncedAt":"2026-05-04T08:59:59Z","version":5}`, `{"syncedAt":"2026-05-04T08:59:59Z","version":5}`, "1", "[]")
	f.Add("", `{"syncedAt":"2026-05-04T08:59:59Z","version":5,"epoch":"E"}`, `{"timers":[{}],"userKey":"x","version":9223372036854775807}`, `{"timers":[{}],"userKey":"x","cachedAt":"9999-12-31T23:59:59Z"}`)
	record := `{"syncedAt":"2026-05-04T08:59:59Z","version":5,"epoch":"E"}`
	f.Add(record, record, `{"timers":[],"userKey":"ann","version":9223372036854775807,"epoch":"E"}`, `{"timers":[],"userKey":"ann","version":9223372036854775807,"epoch":"E"}`)
	f.Add(record, record, `{"version":007,"epoch":"E"}`, `{"version":007,"epoch":"E"}`)
	f.Add(record, record, `{"version":99999999999999999999999,"epoch":"E"}`, `{"version":99999999999999999999999,"epoch":"E"}`)
	f.Add(record, record, `{"timers":[],"userKey":"ann","version":-5,"epoch":"E"}`, `{"timers":[],"userKey":"ann","version":-5,"epoch":"E"}`)
	f.Add(record, record, `{"timers":[],"userKey":"ann","Version":5,"version": 6,"epoch":"E"}`, `{"timers":[],"userKey":"ann","Version":5,"version": 6,"epoch":"E"}`)
	f.Fuzz(func(t *testing.T, sync, listedSync, own, listed string) {
		w := onMini(t)
		text := func(raw string) string { return strings.ToValidUTF8(raw, "?") } // Redis clients carry text only
		w.set("clockwork:sync", text(sync))
		w.set("clockwork:timers:ann", text(own))
		w.list("@", text(listedSync))
		w.list("ann", text(listed))
		for _, subject := range []timercache.Subject{ann, annByMail, everybody} {
			_, _ = w.cache.Read(t.Context(), subject)
		}
		_ = w.cache.Started(t.Context(), owner("ann"), provisional("ann", "A-2", start), "", nil)
		for range 2 {
			w.clock.Advance(time.Second)
			w.sync(running(1, "ann", "A-1", time.Hour))
		}
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
		assert.Equal(t, []string{"A-1"}, w.issues(everybody))
	})
}

// served is what a reader gets some seconds after a list was true, in the plain
// way: decode, advance, encode. Times are given in UTC.
func served(t testing.TB, list string, seconds int64) (string, bool) {
	t.Helper()
	var timers []timer.Timer
	if json.Unmarshal([]byte(list), &timers) != nil {
		return "", false
	}
	for i := range timers {
		timers[i].StartedAt = timers[i].StartedAt.UTC()
		if finishedAt := timers[i].FinishedAt; finishedAt != nil {
			*finishedAt = finishedAt.UTC()
		}
	}
	encoded, err := json.Marshal(timer.Advance(timers, start, start.Add(time.Duration(seconds)*time.Second)))
	return string(encoded), err == nil
}

// assertServed asserts that what is served means the same to a client. Only how
// it is written may differ, which encoding/json could undo: an escape that is not
// needed, or an empty field.
func assertServed(t testing.TB, list string, seconds int64, got string) {
	t.Helper()
	want, ok := served(t, list, seconds)
	require.True(t, ok, "%.300q is served, though it does not parse", list)
	again, ok := served(t, got, 0)
	require.True(t, ok, "%.300q does not parse", got)
	assert.True(t, want == again, "%.300q is served as %.300q", list, got)
}

// FuzzServed: a stored list is served as decoding and encoding it would, or has
// to be decoded.
func FuzzServed(f *testing.F) {
	for _, list := range oddLists(f) {
		f.Add(list, int64(61))
	}
	for _, list := range notCanonical() {
		f.Add(list, int64(61))
	}
	f.Fuzz(func(t *testing.T, list string, seconds int64) {
		list = strings.ToValidUTF8(list, "?")
		seconds = min(max(seconds, -1<<30), 1<<30)
		got, ok := timercache.Served([]byte(list), seconds)
		if !ok {
			return
		}
		assertServed(t, list, seconds, got)
	})
}
