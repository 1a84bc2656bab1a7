package timersource_test

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// source is what both sources do; one suite runs on each.
type source interface {
	Name() string
	Acquire(ctx context.Context) (timersource.Token, error)
	Timers(ctx context.Context, token timersource.Token, cached timersource.Cached) (timersource.Snapshot, error)
}

// pageOperation is how the sandbox counts a page of timers.
var pageOperation = map[string]string{"connect": "report.timers", "forge": "forge.invoke"}

func options(box *sandbox.Sandbox, servers *sandbox.Servers) timersource.Options {
	return timersource.Options{
		SiteURL: servers.JiraURL, SiteHost: box.Site().Host, ReportBaseURL: servers.ReportURL,
		Session: box.Credentials().SessionToken,
		Sleep:   func(context.Context, time.Duration) error { return nil },
	}
}

// onBoth runs the test on each source, with a sandbox of its own.
func onBoth(t *testing.T, test func(t *testing.T, box *sandbox.Sandbox, s source)) {
	t.Helper()
	makers := map[string]func(timersource.Options) (source, error){
		"connect": func(o timersource.Options) (source, error) { return timersource.NewConnect(o) },
		"forge":   func(o timersource.Options) (source, error) { return timersource.NewForge(o) },
	}
	for name, makeSource := range makers {
		t.Run(name, func(t *testing.T) {
			box := sandbox.New(sandbox.Options{PageSize: 10})
			s, err := makeSource(options(box, box.Start(t)))
			require.NoError(t, err)
			require.Equal(t, name, s.Name())
			test(t, box, s)
		})
	}
}

func sorted(timers []timer.Timer) []timer.Timer {
	list := slices.Clone(timers)
	for i := range list { // known from elsewhere, and to the second
		list[i].Issue.Summary, list[i].Issue.ProjectName, list[i].TillNow = "", "", 0
	}
	slices.SortFunc(list, func(a, b timer.Timer) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func acquire(t *testing.T, s source) timersource.Token {
	t.Helper()
	token, err := s.Acquire(t.Context())
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(15*time.Minute), token.ExpiresAt, time.Minute)
	return token
}

func TestContractReadsTheTruth(t *testing.T) {
	onBoth(t, func(t *testing.T, box *sandbox.Sandbox, s source) {
		box.Switch(func(w *sandbox.Switches) { w.ListFinished = true })
		box.Populate(95, 30)
		stopped := box.RunningTimers()[50]
		_, err := box.StopTimer(stopped.RunningFor, stopped.Issue.Key)
		require.NoError(t, err)
		held := box.RunningTimers()[3]
		_, err = box.EditTimer(held.ID, sandbox.TimerEdit{OnHold: new(true)})
		require.NoError(t, err)

		got, err := s.Timers(t.Context(), acquire(t, s), timersource.Cached{})
		require.NoError(t, err)
		assert.Equal(t, sorted(box.RunningTimers()), sorted(got.Timers))
		assert.Equal(t, 10, got.Pages)
		assert.False(t, got.Moved)
	})
}

func TestContractNothingRuns(t *testing.T) {
	onBoth(t, func(t *testing.T, box *sandbox.Sandbox, s source) {
		box.Populate(0, 1)
		got, err := s.Timers(t.Context(), acquire(t, s), timersource.Cached{})
		require.NoError(t, err)
		assert.NotNil(t, got.Timers)
		assert.Empty(t, got.Timers)
	})
}

// A start between two pages pushes a timer from one to the next, a stop pulls
// one back, where it would be missed.
func TestContractListThatMovesBetweenPages(t *testing.T) {
	moves := map[string]func(box *sandbox.Sandbox) error{
		"start": func(box *sandbox.Sandbox) error {
			_, err := box.StartTimer(box.People()[0].AccountID, box.Issues()[len(box.Issues())-1].Key, "")
			return err
		},
		"stop": func(box *sandbox.Sandbox) error {
			newest := box.RunningTimers()[len(box.RunningTimers())-1]
			_, err := box.StopTimer(newest.RunningFor, newest.Issue.Key)
			return err
		},
	}
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, box *sandbox.Sandbox, s source) {
				box.Populate(35, 35)
				token := acquire(t, s)
				var pages atomic.Int64
				box.OnRequest(func(operation string) {
					if operation == pageOperation[s.Name()] && pages.Add(1) == 2 {
						assert.NoError(t, move(box))
					}
				})
				got, err := s.Timers(t.Context(), token, timersource.Cached{})
				require.NoError(t, err)
				assert.Equal(t, sorted(box.RunningTimers()), sorted(got.Timers))
				assert.True(t, got.Moved)
				assert.Greater(t, pages.Load(), int64(4), "it was read again")
			})
		})
	}
}

// Whatever the order of the list: who ran through two readings is in the second,
// and who stopped before the first is not.
func TestContractListThatNeverRests(t *testing.T) {
	for _, order := range []string{"newest", "oldest", "mixed"} {
		t.Run(order, func(t *testing.T) {
			onBoth(t, func(t *testing.T, box *sandbox.Sandbox, s source) {
				box.Switch(func(w *sandbox.Switches) { w.ListOrder = order })
				box.Populate(60, 60)
				token := acquire(t, s)
				first, err := s.Timers(t.Context(), token, timersource.Cached{})
				require.NoError(t, err)
				stopped := box.RunningTimers()[20]
				_, err = box.StopTimer(stopped.RunningFor, stopped.Issue.Key)
				require.NoError(t, err)
				before := box.RunningTimers()
				box.Switch(func(w *sandbox.Switches) { w.ListMoves = 1 })
				got, err := s.Timers(t.Context(), token, timersource.Cached{Timers: func() []timer.Timer { return first.Timers }})
				require.NoError(t, err)
				if order != "mixed" { // which looks at rest if one stops and one starts between two of its pages
					assert.True(t, got.Moved)
				}
				assert.Empty(t, got.Unproven)
				runs, listed := map[int64]bool{}, map[int64]bool{}
				for _, r := range box.RunningTimers() {
					runs[r.ID] = true
				}
				for _, l := range got.Timers {
					listed[l.ID] = true
				}
				for _, b := range before {
					assert.True(t, listed[b.ID] || !runs[b.ID], "%d ran all the time", b.ID)
				}
				assert.False(t, listed[stopped.ID])
			})
		})
	}
}

// One odd entry costs nobody else anything, and its person keeps the timer.
func TestContractOddEntries(t *testing.T) {
	for _, how := range []sandbox.Oddity{sandbox.OddIssueGone, sandbox.OddNoPerson, sandbox.OddEmptyTime, sandbox.OddNull, sandbox.OddFraction} {
		t.Run(string(how), func(t *testing.T) {
			onBoth(t, func(t *testing.T, box *sandbox.Sandbox, s source) {
				box.Populate(35, 35)
				token := acquire(t, s)
				first, err := s.Timers(t.Context(), token, timersource.Cached{})
				require.NoError(t, err)
				running := box.RunningTimers()
				unreadable, stopped := running[10], running[22]
				require.NoError(t, box.MakeOdd(unreadable.ID, how))
				_, err = box.StopTimer(stopped.RunningFor, stopped.Issue.Key)
				require.NoError(t, err)

				got, err := s.Timers(t.Context(), token, timersource.Cached{Timers: func() []timer.Timer { return first.Timers }})
				require.NoError(t, err)
				want := sorted(box.RunningTimers())
				if how == sandbox.OddFraction {
					assert.Equal(t, want, sorted(got.Timers))
					assert.Empty(t, got.Unreadable)
					return
				}
				require.Len(t, got.Unreadable, 1)
				require.Error(t, got.Unreadable[0].Err)
				require.Len(t, got.Unproven, 1)
				assert.Equal(t, unreadable.ID, got.Unproven[0].ID)
				assert.Equal(t, want, sorted(append(got.Timers, got.Unproven...)))
			})
		})
	}
}

func TestContractRevokedTokenIsRefusedOnceMoreAcquired(t *testing.T) {
	onBoth(t, func(t *testing.T, box *sandbox.Sandbox, s source) {
		token := acquire(t, s)
		box.RevokeTokens()
		_, err := s.Timers(t.Context(), token, timersource.Cached{})
		require.ErrorIs(t, err, timersource.ErrTokenRefused)
		_, err = s.Timers(t.Context(), acquire(t, s), timersource.Cached{})
		assert.NoError(t, err)
	})
}

func TestContractSessionRefusedInEveryWay(t *testing.T) {
	for _, style := range []string{"", "redirect", "html", "unauthorized", "forbidden"} {
		t.Run("style-"+style, func(t *testing.T) {
			onBoth(t, func(t *testing.T, box *sandbox.Sandbox, s source) {
				box.Switch(func(w *sandbox.Switches) { w.SessionExpired, w.SessionRefusal = true, style })
				_, err := s.Acquire(t.Context())
				assert.ErrorIs(t, err, timersource.ErrSessionExpired)
				assert.NotErrorIs(t, err, timersource.ErrSourceGone)
			})
		})
	}
}

func TestContractSourceGone(t *testing.T) {
	onBoth(t, func(t *testing.T, box *sandbox.Sandbox, s source) {
		box.Switch(func(w *sandbox.Switches) { w.ConnectGone, w.ForgeGone = true, true })
		_, err := s.Acquire(t.Context())
		assert.ErrorIs(t, err, timersource.ErrSourceGone)
	})
}

func TestContractFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault fault.Fault
		ok    bool
	}{
		{"reset-once", fault.Fault{Kind: fault.Reset, Count: 1}, true},
		{"server-error-once", fault.Fault{Kind: fault.Status, Status: 503, Count: 1}, true},
		{"half-an-answer-once", fault.Fault{Kind: fault.Truncated, Count: 1}, true},
		{"malformed", fault.Fault{Kind: fault.MalformedJSON, Count: 1}, false},
		{"wrong-types", fault.Fault{Kind: fault.WrongTypes, Count: 1}, false},
		{"html-in-the-middle", fault.Fault{Kind: fault.HTML, Skip: 2, Count: 1}, false},
		{"huge", fault.Fault{Kind: fault.Huge, Count: 1}, false},
		{"empty-object", fault.Fault{Kind: fault.Status, Status: 200, Body: "{}"}, false},
		{"empty-list", fault.Fault{Kind: fault.Status, Status: 200, Body: `{"data":{"invokeExtension":{"success":true,"response":{"body":{"timers":null}}}}}`}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, box *sandbox.Sandbox, s source) {
				box.Populate(35, 35)
				token := acquire(t, s)
				f := tt.fault
				f.Operation = pageOperation[s.Name()]
				box.Faults().Add(f)
				got, err := s.Timers(t.Context(), token, timersource.Cached{})
				require.Equal(t, tt.ok, err == nil, err)
				if tt.ok {
					assert.Len(t, got.Timers, 35)
				}
			})
		})
	}
}

func newForgeOn(t *testing.T, change func(*sandbox.Sandbox, *timersource.Options)) (*sandbox.Sandbox, *timersource.Forge) {
	t.Helper()
	box := sandbox.New(sandbox.Options{PageSize: 10})
	opts := options(box, box.Start(t))
	change(box, &opts)
	f, err := timersource.NewForge(opts)
	require.NoError(t, err)
	return box, f
}

func TestContractForgeEnvelopes(t *testing.T) {
	box, f := newForgeOn(t, func(*sandbox.Sandbox, *timersource.Options) {})
	for _, shape := range []sandbox.Envelope{sandbox.EnvelopeCurrent, sandbox.EnvelopeFlat, sandbox.EnvelopeNested, sandbox.EnvelopeText} {
		box.Switch(func(w *sandbox.Switches) { w.ForgeEnvelope = shape })
		got, err := f.Timers(t.Context(), acquire(t, f), timersource.Cached{})
		require.NoError(t, err, "envelope %d", shape)
		assert.Equal(t, sorted(box.RunningTimers()), sorted(got.Timers))
	}
	box.Switch(func(w *sandbox.Switches) { w.ForgeEnvelope = sandbox.EnvelopeUnknown })
	_, err := f.Timers(t.Context(), acquire(t, f), timersource.Cached{})
	assert.ErrorIs(t, err, timersource.ErrUnknownShape)
}

func TestContractForgeSurvivesANewAppVersion(t *testing.T) {
	box, f := newForgeOn(t, func(box *sandbox.Sandbox, _ *timersource.Options) {
		box.Switch(func(w *sandbox.Switches) { w.StrictAppVersion = true })
	})
	token := acquire(t, f)
	box.Switch(func(w *sandbox.Switches) { w.AppVersion = "3.11.0" })
	_, err := f.Timers(t.Context(), token, timersource.Cached{})
	require.ErrorIs(t, err, timersource.ErrTokenRefused)
	_, err = f.Timers(t.Context(), acquire(t, f), timersource.Cached{})
	assert.NoError(t, err)
}

func TestContractForgeConfigured(t *testing.T) {
	tests := []struct {
		name      string
		discovers int
		change    func(*sandbox.Sandbox, *timersource.Options)
	}{
		{"workspace", 1, func(box *sandbox.Sandbox, o *timersource.Options) {
			o.Forge.WorkspaceID = box.Site().WorkspaceID
			box.Switch(func(w *sandbox.Switches) { w.ContextID = "workspace" })
		}},
		{"nothing-to-discover", 0, func(box *sandbox.Sandbox, o *timersource.Options) {
			site := box.Site()
			o.Forge = timersource.ForgeIDs{CloudID: site.CloudID, InstallationID: site.InstallationID, AppVersion: site.AppVersion}
			box.Faults().Add(fault.Fault{Kind: fault.Status, Status: 403, Operation: "forge.apps"})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			box, f := newForgeOn(t, tt.change)
			got, err := f.Timers(t.Context(), acquire(t, f), timersource.Cached{})
			require.NoError(t, err)
			assert.Equal(t, sorted(box.RunningTimers()), sorted(got.Timers))
			assert.Equal(t, tt.discovers, box.Requests()["forge.apps"])
		})
	}
}

func TestContractSessionExpiry(t *testing.T) {
	box := sandbox.New(sandbox.Options{SessionLifetime: 48 * time.Hour})
	got, ok := timersource.SessionExpiry(box.Credentials().SessionToken)
	require.True(t, ok)
	assert.WithinDuration(t, time.Now().Add(48*time.Hour), got, time.Minute)
}
