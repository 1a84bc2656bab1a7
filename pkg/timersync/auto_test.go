package timersync_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/timersync"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

func TestAutoRemembersWhichSourceWorks(t *testing.T) {
	for name, key := range map[string][]byte{"stored": tokenKey, "held": nil} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.key = key
			w.box.Switch(func(s *sandbox.Switches) { s.ForgeGone = true })
			w.sync()
			w.settled()
			w.box.Switch(func(s *sandbox.Switches) { s.ForgeGone = false })
			w.box.ResetRequests()
			for range 4 { // beyond the token's end, too
				w.sync()
				w.settled()
				w.clock.Advance(10 * time.Minute)
			}
			for operation := range w.box.Requests() {
				assert.NotContains(t, operation, "forge", "Connect worked, so Forge is not asked")
			}
		})
	}
}

func TestAutoChangesOver(t *testing.T) {
	type at int
	const (
		acquiring at = iota
		fetching
	)
	gone := map[string]func(s *sandbox.Switches, gone bool){
		"connect": func(s *sandbox.Switches, gone bool) { s.ConnectGone = gone },
		"forge":   func(s *sandbox.Switches, gone bool) { s.ForgeGone = gone },
	}
	other := map[string]string{"connect": "forge", "forge": "connect"}
	for _, from := range []string{"connect", "forge"} {
		for moment, name := range map[at]string{acquiring: "acquiring", fetching: "fetching"} {
			t.Run(from+"-gone-while-"+name, func(t *testing.T) {
				t.Parallel()
				w := onMini(t)
				to := other[from]
				w.box.Switch(func(s *sandbox.Switches) { gone[to](s, true) })
				w.sync()
				require.Contains(t, w.stored("clockwork:sync"), `"source":"`+from+`"`)
				w.box.Switch(func(s *sandbox.Switches) { gone[to](s, false); gone[from](s, true) })
				if moment == acquiring {
					w.clock.Advance(20 * time.Minute) // no token is left
				} else if from == "connect" { // the report API follows the servlet
					w.box.Faults().Add(fault.Fault{Kind: fault.Status, Status: 404, Operation: "report.timers"})
				}
				p := w.process()
				acquired, err := p.Acquire(t.Context())
				require.NoError(t, err)
				want := to
				if moment == fetching {
					want = from
				}
				assert.Equal(t, want, acquired.Source)
				w.clock.Advance(time.Second)
				fetched, err := p.Fetch(t.Context(), "run", acquired)
				require.NoError(t, err)
				assert.Equal(t, to, fetched.Source)
				_, err = p.Write(t.Context(), "run", fetched)
				require.NoError(t, err)
				w.settled()
				assert.Empty(t, w.stored("clockwork:token:"+from+":example.atlassian.net"))

				w.box.ResetRequests()
				w.sync()
				w.settled()
				for operation := range w.box.Requests() {
					assert.NotContains(t, operation, from, "it has changed over for good")
				}
			})
		}
	}
}

func TestAutoWithoutAnySource(t *testing.T) {
	w := onMini(t)
	w.box.Switch(func(s *sandbox.Switches) { s.ForgeGone, s.ConnectGone = true, true })
	_, err := w.process().Run(t.Context())
	require.ErrorIs(t, err, timersource.ErrSourceGone)
	assert.True(t, timersync.Permanent(err))
	assert.ErrorContains(t, err, "forge: ")
	assert.ErrorContains(t, err, "connect: ")
}

// An ordinary user may not be allowed to look the app up: Connect may work.
func TestAutoWhereForgeCannotBeDiscovered(t *testing.T) {
	w := onMini(t)
	w.box.Faults().Add(fault.Fault{Kind: fault.Status, Status: 200, Operation: "forge.apps",
		Body: `{"errors":[{"message":"no","extensions":{"statusCode":403}}]}`})
	w.sync()
	w.settled()
	assert.Contains(t, w.stored("clockwork:sync"), `"source":"connect"`)

	w.sources = []string{"forge"}
	_, err := w.process().Run(t.Context())
	require.ErrorIs(t, err, timersource.ErrNotDiscovered)
	assert.True(t, timersync.Permanent(err))
	assert.ErrorContains(t, err, "FORGE_INSTALLATION_ID")
}

// An outage is no reason to change over.
func TestAutoStaysThroughAnOutage(t *testing.T) {
	w := onMini(t)
	w.box.Faults().Add(fault.Fault{Kind: fault.Status, Status: 503, Upstream: "forge"})
	_, err := w.process().Run(t.Context())
	require.Error(t, err)
	assert.False(t, timersync.Permanent(err))
	assert.Zero(t, w.box.Requests()["connect.servlet"])
}
