package timercache_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

func (w *world) lastSeen(account string) *timercache.LastSeen {
	w.t.Helper()
	v, ok := timercache.DecodeValue(w.get("clockwork:timers:" + account))
	require.True(w.t, ok)
	return v.LastSeen
}

func namedTimer(account, issue string) timer.Timer {
	t := running(1, account, issue, time.Hour)
	t.Author = &timer.Person{AccountID: account, DisplayName: "Name of " + account, AvatarURL: "https://avatars.example/" + account}
	return t
}

// Who runs nothing any more stays known, whoever has noticed the stop.
func TestLastSeen(t *testing.T) {
	for name, stop := range map[string]func(*world){
		"stopped-here":    func(w *world) { w.stopped("ann", "A-1") },
		"stopped-by-sync": func(w *world) { w.sync(running(2, "bob", "B-1", time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(namedTimer("ann", "A-1"), running(2, "bob", "B-1", time.Hour))
			assert.Nil(t, w.lastSeen("ann"), "the timer says it")
			w.clock.Advance(time.Minute)
			stop(w)
			want := &timercache.LastSeen{Name: "Name of ann", AvatarURL: "https://avatars.example/ann", Issue: namedTimer("ann", "A-1").Issue, At: w.clock.Now()}
			assert.Equal(t, want, w.lastSeen("ann"))

			w.clock.Advance(time.Minute)
			w.sync(running(2, "bob", "B-1", time.Hour))
			assert.Equal(t, want, w.lastSeen("ann"), "a sync that finds nothing new")
			unnamed := provisional("ann", "A-2", w.clock.Now())
			unnamed.Author = nil
			require.NoError(t, w.cache.Started(t.Context(), timer.Person{AccountID: "ann"}, unnamed, "", nil))
			assert.Equal(t, want, w.lastSeen("ann"), "the timer does not say who it is")
			w.clock.Advance(time.Minute)
			w.stopped("ann", "A-2")
			assert.Equal(t, "Name of ann", w.lastSeen("ann").Name)
			assert.Equal(t, "A-2", w.lastSeen("ann").Issue.Key)
			w.sync(namedTimer("ann", "A-3"), running(2, "bob", "B-1", time.Hour))
			assert.Nil(t, w.lastSeen("ann"))
		})
	}
}

// It is read by three readers, who have to agree.
func TestLastSeenIsReadAlike(t *testing.T) {
	for _, seen := range []timercache.LastSeen{
		{Issue: timer.Issue{Key: "A-1"}, At: start},
		{Name: "Ann", Issue: timer.Issue{Key: "A-1", ID: 7, Summary: "Fix the door", ProjectName: "House"}, At: start},
		{Name: "Ann Ünal", AvatarURL: "https://avatars.example/ann", Issue: timer.Issue{Key: "A-1"}, At: start.Add(time.Millisecond)},
		{Name: `An "Ann" <a@b>`, Issue: timer.Issue{Key: "A-1"}, At: start},
	} {
		v := timercache.NewValue(timercache.About{CachedAt: start, UserKey: "ann", Version: 7, LastSeen: &seen})
		decoded, ok := timercache.DecodeValue(v.Encode())
		require.True(t, ok)
		assert.Equal(t, &seen, decoded.LastSeen)
		var plain struct{ LastSeen timercache.LastSeen }
		require.NoError(t, json.Unmarshal([]byte(v.Encode()), &plain))
		assert.Equal(t, seen, plain.LastSeen)
		rest := v.Encode()[len(`{"timers":[],`):]
		if scanned, ok := timercache.ScanAbout(rest); ok {
			assert.Equal(t, &seen, scanned.LastSeen)
		} else {
			assert.Contains(t, rest, `\`, "only escapes need the slow reader")
		}
	}
}
