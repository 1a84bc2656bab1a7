package timercache_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Two sites without a KEY_PREFIX must not take each other's timers for their own.
func TestAnotherSitesRecordIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.cache = timercache.New(w.redis, "acme.example.test", w.clock.Now)
		w.sync(running(1, "ann", "A-1", time.Hour))
		other := timercache.New(w.redis, "other.example.test", w.clock.Now)

		_, _, err := other.Base(t.Context())
		require.ErrorIs(t, err, timercache.ErrOtherSite)
		assert.ErrorContains(t, err, "KEY_PREFIX")
		_, err = other.BaseOf(t.Context(), w.get("clockwork:sync"))
		require.ErrorIs(t, err, timercache.ErrOtherSite)

		w.clock.Advance(time.Hour) // a start of moments ago is shown without a sync
		for _, subject := range []timercache.Subject{ann, everybody} {
			view, err := other.Read(t.Context(), subject)
			require.NoError(t, err)
			assert.Nil(t, view.SyncedAt)
			assert.Empty(t, view.Timers)
		}
		before := w.get("clockwork:timers:ann")
		err = other.Started(t.Context(), timer.Person{AccountID: "ann"}, running(2, "ann", "B-2", time.Minute), "", nil)
		require.ErrorIs(t, err, timercache.ErrOtherSite, "a start writes nothing into the other site's data")
		assert.Equal(t, before, w.get("clockwork:timers:ann"))
		held := timercache.NewHeld([]string{w.get("clockwork:sync"), "", ""})
		require.ErrorIs(t, other.CheckSite(held), timercache.ErrOtherSite)
		require.NoError(t, w.cache.CheckSite(held))
		last, err := other.Freshness(t.Context())
		require.NoError(t, err)
		assert.Equal(t, timercache.Freshness{Stale: true, Forgotten: true, OtherSite: "acme.example.test"}, last)
		assert.Len(t, w.read(ann).Timers, 1, "its own site reads it")
	})
}

func TestRecordWithoutASiteGetsOneAtTheNextSync(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	require.NotContains(t, w.get("clockwork:sync"), `"site"`)

	w.cache = timercache.New(w.redis, "acme.example.test", w.clock.Now)
	assert.Len(t, w.read(ann).Timers, 1)
	version := w.read(ann).ETag
	w.clock.Advance(time.Minute)
	w.sync(running(1, "ann", "A-1", time.Hour))
	assert.Contains(t, w.get("clockwork:sync"), `"site":"acme.example.test"`)
	assert.Equal(t, version, w.read(ann).ETag, "nothing changed for ann")
}
