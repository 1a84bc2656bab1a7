package worklog

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/timer"
)

func TestRecentIsBounded(t *testing.T) {
	var r recent
	now := time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC)
	of := func(n int) List { return List{Worklogs: make([]timer.Worklog, n)} }
	has := func(key string) bool { _, ok := r.get(key, now); return ok }
	size := func() (n int) {
		for _, l := range r.lists {
			n += len(l.list.Worklogs)
		}
		return n
	}

	r.put("short", of(1), now, now.Add(time.Minute))
	r.put("long", of(maxRecent/2), now, now.Add(time.Hour))
	assert.True(t, has("short"))
	now = now.Add(time.Minute)
	assert.False(t, has("short"))
	r.put("empty", of(0), now, now.Add(time.Minute))
	assert.Len(t, r.lists, 2, "what is over is forgotten")
	r.put("long", of(maxRecent/2), now, now.Add(time.Hour))
	assert.Equal(t, maxRecent/2, size(), "in place of the earlier one")
	for n := range 3 {
		r.put(string(rune(97+n)), of(maxRecent/3), now, now.Add(time.Hour))
		assert.LessOrEqual(t, size(), maxRecent)
	}
}
