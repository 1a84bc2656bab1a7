package inngest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	sdkerrors "github.com/inngest/inngestgo/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

func TestRunSyncs(t *testing.T) {
	for name, data := range map[string]map[string]any{
		"no-data":             nil,
		"empty":               {},
		"for-an-account":      {"accountId": "712020:abc", "userEmail": "a@example.test"},
		"the-configured-site": {"jiraDomain": "example.atlassian.net"},
		"in-capitals":         {"jiraDomain": " Example.Atlassian.NET "},
		"unknown-fields":      {"cron": "*/2 * * * *", "token": 7, "nested": map[string]any{"jiraDomain": "evil.example"}},
		"null-fields":         {"accountId": nil, "jiraDomain": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			got, err := w.call(data)
			require.NoError(t, err)
			out, ok := got.(output)
			require.True(t, ok)
			assert.Equal(t, "forge", out.Source)
			assert.Equal(t, 3, out.Pages)
			assert.Equal(t, len(w.box.RunningTimers()), out.Result.Timers)
			view, err := w.deps.Timers.Read(t.Context(), timercache.Subject{})
			require.NoError(t, err)
			assert.Len(t, view.Timers, len(w.box.RunningTimers()))
		})
	}
}

func TestRunRefusesBeforeAnythingIsSent(t *testing.T) {
	for name, tc := range map[string]struct {
		data map[string]any
		want string
	}{
		"another-site":        {map[string]any{"jiraDomain": "evil.example"}, "another Jira site"},
		"a-longer-name":       {map[string]any{"jiraDomain": "example.atlassian.net.evil.example"}, "another Jira site"},
		"a-url":               {map[string]any{"jiraDomain": "https://example.atlassian.net"}, "another Jira site"},
		"a-path":              {map[string]any{"jiraDomain": "example.atlassian.net/@evil.example"}, "another Jira site"},
		"in-another-spelling": {map[string]any{"JiraDomain": "evil.example"}, "another Jira site"},
		"domain-a-number":     {map[string]any{"jiraDomain": 7}, "jiraDomain must be a string and is a number"},
		"domain-a-list":       {map[string]any{"jiraDomain": []any{"example.atlassian.net"}}, "jiraDomain must be a string and is a array"},
		"account-a-number":    {map[string]any{"accountId": 1.5}, "accountId must be a string and is a number"},
		"account-an-object":   {map[string]any{"accountId": map[string]any{"id": "x"}}, "accountId must be a string and is a object"},
		"email-a-bool":        {map[string]any{"userEmail": true}, "userEmail must be a string and is a bool"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			before, err := w.stand.Usage(t.Context())
			require.NoError(t, err)
			_, err = w.call(tc.data)
			require.ErrorContains(t, err, tc.want)
			assert.True(t, sdkerrors.IsNoRetryError(err), "it is permanent")
			assert.NotContains(t, err.Error(), "evil")
			assert.Empty(t, w.box.Requests(), "nothing was sent to Jira or Clockwork")
			after, err := w.stand.Usage(t.Context())
			require.NoError(t, err)
			assert.Equal(t, before, after, "nor to Redis")
		})
	}
}

// failures are the ways a run can fail, and whether a person must help.
var failures = map[string]struct {
	set       func(w *world)
	is        error
	permanent bool
}{
	"session-expired": {func(w *world) { w.box.Switch(func(s *sandbox.Switches) { s.SessionExpired = true }) }, timersource.ErrSessionExpired, true},
	"login-page": {func(w *world) {
		w.box.Switch(func(s *sandbox.Switches) { s.SessionExpired, s.SessionRefusal = true, "html" })
	}, timersource.ErrSessionExpired, true},
	"both-gone": {func(w *world) { w.box.Switch(func(s *sandbox.Switches) { s.ForgeGone, s.ConnectGone = true, true }) }, timersource.ErrSourceGone, true},
	"unknown-shape": {func(w *world) {
		w.box.Switch(func(s *sandbox.Switches) { s.ForgeEnvelope = sandbox.EnvelopeUnknown })
	}, timersource.ErrUnknownShape, true},
	"outage": {func(w *world) {
		w.box.Faults().Add(fault.Fault{Kind: fault.Status, Status: 500, Operation: "forge.invoke"})
	}, nil, false},
	"rate-limit": {func(w *world) {
		w.box.Faults().Add(fault.Fault{Kind: fault.Status, Status: 429, RetryAfter: "60", Upstream: "forge"})
	}, nil, false},
	"redis-is-down": {func(w *world) { w.stand.Miniredis().SetError("LOADING not now") }, nil, false},
}

func TestRunFails(t *testing.T) {
	for name, tc := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			tc.set(w)
			_, err := w.call(nil)
			require.Error(t, err)
			if tc.is != nil {
				require.ErrorIs(t, err, tc.is)
			}
			assert.Equal(t, tc.permanent, sdkerrors.IsNoRetryError(err))
		})
	}
}

// Nothing that the engine stores, the log, an error or Redis says is a secret,
// and nothing that the engine stores is about a person.
func TestRunOutputsNoSecret(t *testing.T) {
	scenes := map[string]func(w *world){
		"success": func(*world) {},
		"connect": func(w *world) { w.box.Switch(func(s *sandbox.Switches) { s.ForgeGone = true }) },
		"revoked": func(w *world) { _, _ = w.call(nil); w.box.RevokeTokens() },
		"unreadable": func(w *world) {
			require.NoError(t, w.box.MakeOdd(w.box.RunningTimers()[1].ID, sandbox.OddIssueGone))
			_, err := w.call(nil)
			require.NoError(t, err)
		},
	}
	for name, f := range failures {
		scenes[name] = f.set
		scenes["later-"+name] = func(w *world) { _, _ = w.call(nil); f.set(w) }
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			scene(w)
			var told []string
			for range 2 {
				_, err := w.call(nil)
				for ; err != nil; err = errors.Unwrap(err) {
					told = append(told, fmt.Sprintf("%v %+v %#v", err, err, err))
				}
			}
			w.stand.Miniredis().SetError("")
			told = append(told, w.seen.outputs...)
			require.NotEmpty(t, w.seen.outputs)
			everything := strings.Join(told, "\n") + w.log.String() + w.redis()
			for _, s := range w.secrets() {
				require.Greater(t, len(s), 8)
				assert.NotContains(t, everything, s)
			}
			w.assertNoPerson(strings.Join(w.seen.outputs, "\n"))
		})
	}
}

func (w *world) assertNoPerson(outputs string) {
	w.t.Helper()
	for _, p := range w.box.People() {
		for _, datum := range []string{p.AccountID, p.Email, p.DisplayName} {
			assert.NotContains(w.t, outputs, datum)
		}
	}
	for _, r := range w.box.RunningTimers() {
		assert.NotContains(w.t, outputs, r.Issue.Key)
		assert.NotContains(w.t, outputs, r.Issue.Summary)
		if r.Comment != nil {
			assert.NotContains(w.t, outputs, *r.Comment)
		}
	}
}

// Outputs stay small at any size of the team.
func TestRunOutputsAreSmall(t *testing.T) {
	w := newWorld(t, nil)
	w.box.Populate(590, 300) // 197 pages
	_, err := w.call(nil)
	require.NoError(t, err)
	for _, out := range w.seen.outputs {
		assert.Less(t, len(out), 600, out)
	}
}

// The session's end is in the run's output.
func TestRunWarnsOfTheSessionsEnd(t *testing.T) {
	w := newWorld(t, nil)
	w.seen.next = warned{w.seen.next}
	got, err := w.call(nil)
	require.NoError(t, err)
	assert.Equal(t, "renew it", got.(output).Warning)
}
