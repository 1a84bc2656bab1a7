package e2e

import (
	"context"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/inngestdev"
	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/e2e/upstreams"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// TestInngestOutlivesTheServer kills cmd/server inside a step of a run, starts
// it again, and lets Inngest finish the run.
func TestInngestOutlivesTheServer(t *testing.T) {
	t.Parallel() // it waits more than it computes
	bin, err := process.Build(t.Context(), root, "./cmd/server", true)
	require.NoError(t, err)
	up := upstreams.Start(t)
	port := freePort(t)
	inngest := startInngest(t, "http://127.0.0.1:"+port+"/api/inngest")
	url := "http://127.0.0.1:" + port
	command := process.Command{Path: bin, Dir: t.TempDir(), Env: append(up.Env,
		"PORT="+port, "INNGEST_DEV="+inngest.URL, "DATABASE_URL=sqlite://:memory:")}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	start := func() *process.Process {
		p := process.StartT(t, command)
		require.NoError(t, p.Answers(ctx, url+"/api/health"))
		return p
	}
	server := start()
	_, err = inngest.AwaitApp(ctx)
	require.NoError(t, err)

	tests := []struct {
		name string
		// hang makes one request of the step hang. reached reports whether one does.
		hang func() (reached func() bool)
	}{
		{"inside-acquire-jwt", func() func() bool { return hangAt(up.Sandbox, fault.Fault{Operation: "connect.servlet"}) }},
		{"inside-fetch-timers", func() func() bool { return hangAt(up.Sandbox, fault.Fault{Operation: "report.timers"}) }},
		// After the page, one request stages it, one reads it back, and one writes.
		{"before-the-write", func() func() bool { return hangAfterPage(up.Sandbox, fault.Fault{Upstream: "upstash", Skip: 1}) }},
		{"after-the-write", func() func() bool {
			return hangAfterPage(up.Sandbox, fault.Fault{Upstream: "upstash", Skip: 2, After: true})
		}},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			changeSomething(t, up.Sandbox, i)
			reached := tt.hang()
			event, err := inngest.Send(ctx, syncEvent, map[string]any{})
			require.NoError(t, err)
			require.Eventually(t, reached, patience, time.Millisecond, "the step did not reach that request")
			require.NoError(t, server.Signal(os.Kill))
			<-server.Exited()
			up.Sandbox.Faults().Clear()
			server = start()

			run, err := inngest.Await(ctx, event, "to end", inngestdev.Run.Ended)
			require.NoError(t, err)
			require.Equal(t, "COMPLETED", run.Status, "output %s", run.Output)
			assert.Equal(t, []string{acquire, fetch, write}, stepNames(run))
			assert.Equal(t, truth(up.Sandbox), shown(t, url))
		})
	}
}

func hangAt(s *sandbox.Sandbox, f fault.Fault) func() bool {
	f.Kind, f.Count = fault.Hang, 1
	plan := s.Faults().Add(f)
	return func() bool { return plan.Hits() > 0 }
}

// hangAfterPage adds the fault when the list is requested, so that it counts Redis
// requests from there.
func hangAfterPage(s *sandbox.Sandbox, f fault.Fault) func() bool {
	var reached atomic.Pointer[func() bool]
	var once sync.Once
	s.OnRequest(func(operation string) {
		if operation == "report.timers" {
			once.Do(func() {
				hung := hangAt(s, f)
				reached.Store(&hung)
			})
		}
	})
	return func() bool {
		hung := reached.Load()
		return hung != nil && (*hung)()
	}
}

// changeSomething stops one timer and starts another in Clockwork itself.
func changeSomething(t *testing.T, s *sandbox.Sandbox, n int) {
	t.Helper()
	running := s.RunningTimers()[0]
	_, err := s.StopTimer(running.RunningFor, running.Issue.Key)
	require.NoError(t, err)
	_, err = s.StartTimer(s.People()[n].AccountID, "OPS-64", "")
	require.NoError(t, err)
}

func truth(s *sandbox.Sandbox) map[int64]string {
	ids := map[int64]string{}
	for _, timer := range s.RunningTimers() {
		ids[timer.ID] = timer.RunningFor + " " + timer.Issue.Key
	}
	return ids
}

// shown returns what GET /api/timers/active shows of everybody.
func shown(t *testing.T, url string) map[int64]string {
	t.Helper()
	var active struct {
		Timers []struct {
			ID         int64
			RunningFor string
			Issue      struct{ Key string }
		}
	}
	(&dev{}).call(t, http.MethodGet, url+"/api/timers/active", nil, nil, &active)
	ids := map[int64]string{}
	for _, timer := range active.Timers {
		ids[timer.ID] = timer.RunningFor + " " + timer.Issue.Key
	}
	return ids
}
