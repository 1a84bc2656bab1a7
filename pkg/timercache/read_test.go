package timercache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

func TestReadNeverSynced(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for _, subject := range []timercache.Subject{everybody, ann, annByMail} {
			got := w.read(subject)
			assert.Equal(t, []timer.Timer{}, got.Timers)
			assert.Nil(t, got.CachedAt)
			assert.Nil(t, got.SyncedAt)
			assert.Equal(t, `"unsynced"`, got.ETag)
			assert.False(t, got.Stale)
		}
		assert.Equal(t, "all", w.read(everybody).AccountID)
	})
}

func TestReadSynced(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour), running(2, "ann", "A-2", time.Minute), running(3, "bob", "B-1", 2*time.Minute))
		w.clock.Advance(90 * time.Second)

		got := w.read(ann)
		assert.Equal(t, []string{"A-2", "A-1"}, issuesOf(got.Timers), "newest first")
		assert.Equal(t, int64(60+90), got.Timers[0].TillNow, "advanced to now")
		assert.Equal(t, start.Add(90*time.Second), *got.CachedAt)
		assert.Equal(t, start, *got.SyncedAt)
		assert.Equal(t, "ann", got.AccountID)

		assert.Equal(t, []string{"A-2", "B-1", "A-1"}, w.issues(everybody))
		for _, email := range []string{"ann@example.test", " ANN@example.TEST "} {
			byMail := w.read(timercache.Subject{Email: email})
			assert.Equal(t, got, byMail, email)
		}
	})
}

func TestReadCostsOneCommand(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		w.redis.take()
		for subject, want := range map[timercache.Subject]string{everybody: "HSCAN", ann: "MGET", annByMail: "MGET", bob: "MGET"} {
			w.read(subject)
			assert.Equal(t, []string{want}, w.redis.take())
		}
	})
}

func TestReadNobodyRuns(t *testing.T) {
	w := onMini(t)
	w.sync()
	for _, subject := range []timercache.Subject{everybody, ann, annByMail} {
		got := w.read(subject)
		assert.Empty(t, got.Timers)
		require.NotNil(t, got.SyncedAt, "synced, and nothing runs")
		assert.Equal(t, start, *got.SyncedAt)
		assert.Equal(t, start, *got.CachedAt)
	}
}

func TestReadByAge(t *testing.T) {
	for name, tc := range map[string]struct {
		age         time.Duration
		known, aged bool
	}{
		"just-synced":      {0, true, false},
		"ten-minutes":      {timercache.StaleAge, true, false},
		"over-ten-minutes": {timercache.StaleAge + time.Millisecond, true, true},
		"almost-a-day":     {timercache.ForgetAge - time.Millisecond, true, true},
		"a-day":            {timercache.ForgetAge, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(running(1, "ann", "A-1", time.Hour))
			fresh := w.read(ann)
			w.clock.Advance(tc.age)
			for _, subject := range []timercache.Subject{everybody, ann, annByMail} {
				got := w.read(subject)
				assert.Equal(t, tc.known, len(got.Timers) == 1)
				assert.Equal(t, tc.known, got.SyncedAt != nil)
				assert.Equal(t, tc.known, got.CachedAt != nil)
				assert.Equal(t, tc.aged, got.Stale)
			}
			assert.Equal(t, tc.known && !tc.aged, w.read(ann).ETag == fresh.ETag, "the tag shows staleness")
		})
	}
}

func TestReadDoesNotAgeATimerOnHold(t *testing.T) {
	w := onMini(t)
	held := running(1, "ann", "A-1", time.Hour)
	held.WithinWorkingHours = false
	w.sync(held)
	w.clock.Advance(time.Hour)
	assert.Equal(t, int64(3600), w.read(ann).Timers[0].TillNow)
	assert.Equal(t, int64(3600), w.read(everybody).Timers[0].TillNow)
}

func TestReadETag(t *testing.T) {
	w := onMini(t)
	a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
	w.sync(a, b)
	before, bobs := w.read(ann).ETag, w.read(bob).ETag
	w.clock.Advance(time.Minute)
	w.sync(a, b)
	assert.Equal(t, before, w.read(ann).ETag, "a new snapshot alone changes no tag")
	w.clock.Advance(time.Minute)
	w.sync(commented(a, "new"), b)
	assert.NotEqual(t, before, w.read(ann).ETag)
	assert.Equal(t, bobs, w.read(bob).ETag, "nor does another's change")
	assert.Equal(t, w.read(ann).ETag, w.read(annByMail).ETag)
}

func TestReadOwnValueCorrupt(t *testing.T) {
	for name, corrupt := range map[string]string{"cut": `{"timers":[{"id"`, "empty-object": `{}`, "null": `null`, "a-number": `1`} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(running(1, "ann", "A-1", time.Hour), running(2, "ann", "A-2", time.Minute), running(3, "bob", "B-1", time.Minute))
			w.set("clockwork:timers:ann", corrupt)
			w.set("clockwork:timers:ann@example.test", corrupt)
			w.clock.Advance(10 * time.Second)
			for _, subject := range []timercache.Subject{ann, annByMail} {
				got := w.read(subject)
				assert.Equal(t, []string{"A-2", "A-1"}, issuesOf(got.Timers))
				assert.Equal(t, int64(70), got.Timers[0].TillNow)
				assert.Equal(t, start, *got.SyncedAt)
			}
			assert.Equal(t, []string{"B-1"}, w.issues(bob))
		})
	}
}

func TestReadCorruptEverywhere(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	w.list("ann", "{")
	_, err := w.cache.Read(t.Context(), everybody)
	require.ErrorIs(t, err, timercache.ErrUnavailable)
	assert.Equal(t, []string{"A-1"}, w.issues(ann), "the own value is enough")

	w.set("clockwork:timers:ann", "{")
	_, err = w.cache.Read(t.Context(), ann)
	require.ErrorIs(t, err, timercache.ErrUnavailable, "never a false empty list")
	w.del(timercache.PeopleKey)
	_, err = w.cache.Read(t.Context(), ann)
	require.ErrorIs(t, err, timercache.ErrUnavailable)

	w.clock.Advance(time.Second)
	w.sync(running(1, "ann", "A-1", time.Hour))
	assert.Equal(t, []string{"A-1"}, w.issues(ann), "the next sync heals it")
	assert.Equal(t, []string{"A-1"}, w.issues(everybody))
}

// A person who runs nothing and whose value does not parse heals too.
func TestReadCorruptInTheList(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	w.stopped("ann", "A-1")
	w.list("ann", `{"version":12`)
	w.clock.Advance(time.Second)
	w.sync()
	assert.Empty(t, w.issues(everybody))
}

func TestReadListOfEverybodyLost(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	sync := w.get("clockwork:sync")
	w.del(timercache.PeopleKey)
	got := w.read(everybody)
	assert.Nil(t, got.SyncedAt, "a lost list does not say that nobody runs anything")
	assert.Nil(t, got.CachedAt)
	assert.Equal(t, `"unsynced"`, got.ETag)
	assert.Equal(t, []string{"A-1"}, w.issues(ann))
	assert.NotNil(t, w.read(bob).SyncedAt, "that bob runs nothing is known all the same")
	require.NoError(t, w.rdb.FlushAll(t.Context()).Err())
	w.set("clockwork:sync", sync)
	got = w.read(bob)
	assert.Nil(t, got.SyncedAt, "until that is lost too")
	assert.Equal(t, `"unsynced"`, got.ETag)
}

func TestReadCorruptState(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	w.set("clockwork:sync", "{")
	w.clock.Advance(timercache.ActLife + time.Second)
	got := w.read(ann)
	assert.Empty(t, got.Timers)
	assert.Nil(t, got.SyncedAt, "nothing says how old the value is")
	w.sync(running(1, "ann", "A-1", time.Hour))
	assert.Equal(t, []string{"A-1"}, w.issues(ann), "the next sync heals it")
}

func TestReadRefused(t *testing.T) {
	w := onMini(t)
	refusal := errors.New("LOADING")
	w.redis.before = func([]any) error { return refusal }
	_, err := w.cache.Read(t.Context(), ann)
	require.ErrorIs(t, err, timercache.ErrUnavailable)
	require.ErrorIs(t, err, refusal, "the cause is kept for the log")
}

func TestReadGone(t *testing.T) {
	client := redisclient.OverTCP(t, "127.0.0.1:1")
	_, err := timercache.New(client, "", nil).Read(t.Context(), ann)
	require.ErrorIs(t, err, timercache.ErrUnavailable)
}

func TestReadHanging(t *testing.T) {
	w := onMini(t)
	w.redis.Redis = hanging{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := w.cache.Read(ctx, ann)
	require.ErrorIs(t, err, timercache.ErrUnavailable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// hanging never answers.
type hanging struct{ timercache.Redis }

func (hanging) Do(ctx context.Context, _ ...any) (any, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestReadOddAnswers(t *testing.T) {
	for name, answer := range map[string]any{"nil": nil, "text": "x", "too-few": []any{nil}, "number": int64(1)} {
		t.Run(name, func(t *testing.T) {
			_, err := timercache.New(answering{answer: answer}, "", nil).Read(t.Context(), ann)
			require.ErrorIs(t, err, timercache.ErrUnavailable)
		})
	}
}

// answering gives the same answer to every command.
type answering struct {
	timercache.Redis
	answer any
}

func (r answering) Do(context.Context, ...any) (any, error) { return r.answer, nil }
