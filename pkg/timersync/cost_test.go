package timersync_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

// bill is what a sync by a process of its own costs.
func (w *world) bill() upstashrest.Usage {
	w.t.Helper()
	w.box.ResetRequests()
	return redisclient.Spent(w.t, w.db.stand, func() { w.sync() })
}

// What a sync costs does not grow with the team, but for what changed.
func TestCost(t *testing.T) {
	for _, size := range []struct{ timers, users int }{{1, 1}, {50, 20}, {500, 200}, {2000, 800}} {
		for _, way := range []string{"rest-miniredis", "rest-redis"} {
			t.Run(fmt.Sprintf("%d-%d-%s", size.timers, size.users, way), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, databases[way], sandbox.Options{})
				w.quiet = true
				w.box.Switch(withoutAuthors)
				w.box.Populate(size.timers, size.users)
				pages := (size.timers + 49) / 50

				first := w.bill()
				assert.LessOrEqual(t, first.RoundTrips, int64(8+first.BytesIn>>20), "first")
				assert.LessOrEqual(t, first.Commands, int64(25+2*size.users), "first")
				requests := w.box.Requests()
				assert.Equal(t, pages, requests["forge.invoke"])
				assert.Equal(t, (size.users+99)/100, requests[askUsers])

				unchanged := w.bill()
				assert.Equal(t, int64(5), unchanged.Commands)
				assert.Equal(t, int64(3), unchanged.RoundTrips)
				assert.Equal(t, map[string]int{"forge.invoke": pages}, w.box.Requests())

				w.clock.Advance(6 * time.Minute) // Forge's new token is worth keeping
				renewed := w.bill()
				assert.Equal(t, int64(6), renewed.Commands)
				assert.Equal(t, int64(4), renewed.RoundTrips)

				changed := max(1, size.users/100)
				for i := range changed {
					_, err := w.box.EditTimer(w.box.RunningTimers()[i].ID, sandbox.TimerEdit{Comment: new("edited")})
					require.NoError(t, err)
				}
				edited := w.bill()
				assert.LessOrEqual(t, edited.Commands, int64(10+2*changed))
				assert.Equal(t, int64(3), edited.RoundTrips, "nothing is staged by a process that writes itself")
				w.settled()
			})
		}
	}
}
