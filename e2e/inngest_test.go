package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/inngestdev"
	"github.com/clockwork-timer/backend/e2e/process"
)

// The names of the event and the steps in Inngest.
const (
	syncEvent = "clockwork/timers.sync.requested"
	acquire   = "acquire-jwt"
	fetch     = "fetch-timers"
	write     = "cache-redis"
)

// patience is how long a test waits for one thing. A failed step is retried after
// about five seconds.
const patience = 90 * time.Second

// startInngest starts the dev server for an app at appURL.
func startInngest(t *testing.T, appURL string) *inngestdev.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	program, err := inngestdev.Build(ctx, "inngestserver")
	require.NoError(t, err)
	return inngestdev.StartT(t, program, appURL)
}

// startWithInngest starts cmd/dev and an Inngest dev server that have each other's
// address.
func startWithInngest(t *testing.T) (*dev, *inngestdev.Server) {
	t.Helper()
	port := freePort(t)
	server := startInngest(t, "http://127.0.0.1:"+port+"/api/inngest")
	d := startDev(t, port, "INNGEST_DEV="+server.URL)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	app, err := server.AwaitApp(ctx)
	require.NoError(t, err)
	require.Len(t, app.Functions, 1)
	require.True(t, strings.HasSuffix(app.Functions[0].Slug, "sync-active-timers"), "function %s", app.Functions[0].Slug)
	return d, server
}

// TestInngest sends events to the real dev server.
func TestInngest(t *testing.T) {
	t.Parallel() // it waits more than it computes
	d, server := startWithInngest(t)

	send := func(t *testing.T, data map[string]any) string {
		t.Helper()
		id, err := server.Send(t.Context(), syncEvent, data)
		require.NoError(t, err)
		return id
	}
	await := func(t *testing.T, event, what string, ok func(inngestdev.Run) bool) inngestdev.Run {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		run, err := server.Await(ctx, event, what, ok)
		require.NoError(t, err)
		return run
	}

	t.Run("completes", func(t *testing.T) {
		d.redis(t, "FLUSHALL")
		account := startTimerInClockwork(t, d, "BILL-209")
		run := await(t, send(t, map[string]any{"accountId": account}), "to end", inngestdev.Run.Ended)
		require.Equal(t, "COMPLETED", run.Status, "output %s", run.Output)
		assert.Equal(t, []string{acquire, fetch, write}, stepNames(run))
		assertNoSecrets(t, d, run)

		for _, key := range []string{"clockwork:sync", "clockwork:timers:all", "clockwork:timers:" + account, "clockwork:active_users"} {
			assert.InDelta(t, 1, d.redis(t, "EXISTS", key), 0, "key %s", key)
		}
		var active activeReply
		d.call(t, http.MethodGet, d.URL+"/api/timers/active?accountId="+account, nil, nil, &active)
		if assert.Len(t, active.Timers, 1) {
			assert.Equal(t, "BILL-209", active.Timers[0].Issue.Key)
		}
		assert.NotEmpty(t, active.SyncedAt)
	})

	t.Run("sync-route-sends-an-event", func(t *testing.T) {
		var event string
		require.NoError(t, process.RetryTwice(func() error { // if Inngest does not answer within three seconds, cmd/dev syncs by itself
			d.call(t, http.MethodPost, d.URL+"/api/timers/sync", nil, map[string]any{"accountId": "acc-asked"}, nil)
			ctx, cancel := context.WithTimeout(t.Context(), patience/3)
			defer cancel()
			var err error
			event, err = server.AwaitEvent(ctx, syncEvent, "accountId", "acc-asked")
			return err
		}))
		run := await(t, event, "to end", inngestdev.Run.Ended)
		assert.Equal(t, "COMPLETED", run.Status, "output %s", run.Output)
	})

	t.Run("shows-a-start-made-elsewhere", func(t *testing.T) {
		account := startTimerInClockwork(t, d, "PORTAL-301")
		url := d.URL + "/api/timers/active?accountId=" + account
		began := time.Now()
		send(t, map[string]any{})
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		require.NoError(t, process.Until(ctx, "the start to show", func(ctx context.Context) error {
			var active activeReply
			if err := process.JSON(ctx, http.MethodGet, url, nil, nil, &active); err != nil {
				return err
			}
			if len(active.Timers) == 0 || active.Timers[0].Issue.Key != "PORTAL-301" {
				return fmt.Errorf("timers are %+v", active.Timers)
			}
			return nil
		}))
		t.Logf("a start made in Clockwork showed %v after the event (aim: 2 s)", time.Since(began).Round(time.Millisecond))
	})

	t.Run("collapses-a-burst", func(t *testing.T) {
		runs := map[string]bool{}
		events, err := server.SendMany(t.Context(), syncEvent, slices.Repeat([]map[string]any{{}}, 10)...)
		require.NoError(t, err)
		for _, event := range events {
			runs[await(t, event, "to end", inngestdev.Run.Ended).ID] = true
		}
		assert.LessOrEqual(t, len(runs), 2, "ten events within one second, which may be part of two")
	})

	t.Run("retries-a-step-that-fails-twice", func(t *testing.T) {
		for _, operation := range []string{"report.timers", "forge.invoke"} { // one of them is the source in use
			// Three requests of the first attempt and two of the second. Then the breaker is open for two seconds.
			d.control(t, http.MethodPost, "/faults", map[string]any{"kind": "status", "status": 500, "operation": operation, "count": 5}, nil)
		}
		defer d.control(t, http.MethodDelete, "/faults", nil, nil) // removes that of the other source
		run := await(t, send(t, map[string]any{}), "to end", inngestdev.Run.Ended)
		require.Equal(t, "COMPLETED", run.Status, "output %s", run.Output)
		assert.Equal(t, []string{acquire, fetch, write}, stepNames(run))
		assert.GreaterOrEqual(t, run.Failures(fetch), 2)
		assert.Zero(t, run.Failures(acquire)+run.Failures(write), "failures of other steps")
	})

	t.Run("fails-at-once-when-the-cookie-is-refused", func(t *testing.T) {
		d.control(t, http.MethodPatch, "/switches", map[string]any{"sessionExpired": true}, nil)
		defer d.control(t, http.MethodPatch, "/switches", map[string]any{"sessionExpired": false}, nil)
		d.redis(t, "FLUSHALL") // also deletes the stored token, which needs no cookie
		refused := func() (run inngestdev.Run, requests map[string]int) {
			d.control(t, http.MethodDelete, "/requests", nil, nil)
			run = await(t, send(t, map[string]any{}), "to end", inngestdev.Run.Ended)
			d.control(t, http.MethodGet, "/requests", nil, &requests)
			return run, requests
		}
		run, requests := refused()
		if requests["connect.servlet"] > 1 {
			run, requests = refused() // cmd/dev may have run its own sync, which it does every minute
		}
		assert.Equal(t, "FAILED", run.Status)
		assert.Equal(t, []string{acquire}, stepNames(run))
		assert.Equal(t, 1, run.Failures(acquire), "attempts")
		assert.Contains(t, run.Output, "JIRA_TENANT_SESSION_TOKEN", "the message says what to renew")
		assertNoSecrets(t, d, run)
		assert.NotEmpty(t, requests)
		for operation, count := range requests {
			assert.Equal(t, 1, count, "a refused cookie is not sent again: %s", operation)
		}
	})

	t.Run("fails-at-once-for-another-site", func(t *testing.T) {
		run := await(t, send(t, map[string]any{"jiraDomain": "evil.atlassian.net"}), "to end", inngestdev.Run.Ended)
		assert.Equal(t, "FAILED", run.Status)
		assert.Empty(t, stepNames(run))
	})
}

// activeReply is the part of GET /api/timers/active that the tests read.
type activeReply struct {
	Timers []struct {
		Issue struct{ Key string }
	}
	SyncedAt string
}

// startTimerInClockwork starts a timer in Clockwork, not through this backend, for
// somebody who has none. It returns the account id.
func startTimerInClockwork(t *testing.T, d *dev, issue string) string {
	t.Helper()
	var people struct{ People []struct{ AccountID string } }
	d.control(t, http.MethodGet, "/people", nil, &people)
	account := people.People[5].AccountID
	d.control(t, http.MethodPost, "/timers/start", map[string]any{"accountId": account, "issueKey": issue}, nil)
	return account
}

func stepNames(run inngestdev.Run) []string {
	var names []string
	for _, s := range run.Steps {
		names = append(names, s.Name)
	}
	return names
}

// assertNoSecrets asserts that Inngest, which stores and shows everything that a run
// returns, got no credential and nobody's address.
func assertNoSecrets(t *testing.T, d *dev, run inngestdev.Run) {
	t.Helper()
	shown := run.Output
	for _, s := range run.Steps {
		shown += s.Output
	}
	require.NotEmpty(t, shown)
	for name, value := range d.Env {
		for _, secret := range []string{"TOKEN", "SECRET", "KEY", "EMAIL", "ACCOUNT_ID"} {
			if strings.Contains(name, secret) && value != "" {
				assert.NotContains(t, shown, value, "the value of %s", name)
			}
		}
	}
}
