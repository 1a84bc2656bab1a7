package timercache_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// team is n users with a timer each, whose texts hold what quoting could spoil.
func team(n int) []timer.Timer {
	timers := make([]timer.Timer, n)
	for i := range timers {
		account := "user-" + strconv.Itoa(i)
		timers[i] = commented(running(int64(i+1), account, "T-"+strconv.Itoa(i), time.Duration(i+1)*time.Minute), `@1@ "quoted" \ <b> é 世 `+"\u2028\n")
	}
	return timers
}

func TestLargeWritesGoInParts(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.cache.SetMaxRequest(4000)
		var largest int
		w.redis.before = func(cmd []any) error {
			size := 0
			for _, arg := range cmd {
				if text, ok := arg.(string); ok {
					size += len(text)
				}
			}
			if cmd[0] == "EVAL" {
				largest = max(largest, size)
			}
			return nil
		}
		want := team(60)
		w.sync(want...)
		assert.Less(t, largest, 30000, "the script's own request is small")
		got := w.read(everybody).Timers
		require.Len(t, got, 60)
		for i := range got {
			assert.Equal(t, want[i].Comment, got[i].Comment)
			assert.Equal(t, []timer.Timer{got[i]}, w.read(subjectOf(got[i])).Timers)
		}
		assert.Equal(t, 60, w.events(t, func() {
			w.clock.Advance(time.Second)
			w.sync()
		}), "events go in parts too")
		keys, err := w.rdb.Keys(t.Context(), "clockwork:staging:*").Result()
		require.NoError(t, err)
		w.ttl(t, 10*time.Minute, keys...)
	})
}

// A part that is gone must stop the write before it begins: what a script has
// written before an error stays.
func TestLargeWriteWithAPartMissing(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(team(20)...)
		before := w.dump(t)
		w.cache.SetMaxRequest(4000)
		w.clock.Advance(time.Second)
		run := w.stage(w.seen())
		w.intercept("EVAL", func() {
			keys, err := w.rdb.Keys(t.Context(), "clockwork:staging:"+run+":*").Result()
			require.NoError(t, err)
			require.Greater(t, len(keys), 1)
			var last string // delete the part that the script reads last: with the newest sync state or an event
			for _, key := range keys {
				if strings.Contains(w.get(key), "timer_updated") {
					last = key
				}
			}
			require.NotEmpty(t, last)
			w.del(last)
		})
		_, err := w.cache.Commit(t.Context(), run)
		require.Error(t, err)
		after := w.dump(t)
		for key, text := range before {
			assert.Equal(t, text, after[key], key)
		}
		result, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err, "repeating it stages anew")
		assert.Equal(t, 20, result.Stopped)
	})
}

// Two starts of one user at once, each too large for one request: neither may
// take the other's parts for its own.
func TestLargeAmendsDoNotMix(t *testing.T) {
	w := onMini(t)
	w.sync(team(20)...)
	w.cache.SetMaxRequest(3000)
	w.clock.Advance(time.Second)
	w.intercept("EVAL", func() { // the first has staged; the second stages and is refused
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w.intercept("EVAL", cancel)
		second := provisional("ann", "A-2", w.clock.Now())
		_ = w.cache.Started(ctx, owner("ann"), second)
	})
	w.started("ann", "A-1")
	assert.Equal(t, []string{"A-1"}, w.issues(ann))
}

func TestStagedSnapshotIsSmall(t *testing.T) {
	w := onMini(t)
	s := w.seen(team(2000)...)
	plain, err := json.Marshal(s)
	require.NoError(t, err)
	run := w.stage(s)
	assert.Less(t, len(w.get("clockwork:staging:"+run)), len(plain)/4)
}
