package timercontrol_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// caller hangs up at the moment at which Clockwork accepts.
type caller struct{ hangUp context.CancelFunc }

func (c caller) StartTimer(context.Context, secret.Text, string, string) (time.Time, error) {
	c.hangUp()
	return time.Time{}, nil
}

func (c caller) StopTimer(context.Context, secret.Text, string) (time.Time, error) {
	c.hangUp()
	return time.Time{}, nil
}

// record keeps what was written, as long as its context lives.
type record struct {
	running []timer.Timer
	written []string
}

func (r *record) Read(context.Context, timercache.Subject) (timercache.View, error) {
	return timercache.View{}, nil
}

func (*record) CheckSite(*timercache.Held) error { return nil }

func (*record) ShownID(*timercache.Held, string) int64 { return 0 }

func (r *record) ReadHeld(context.Context, string, *timercache.Held) (timercache.View, error) {
	return timercache.View{Timers: r.running}, nil
}

func (r *record) Started(ctx context.Context, _ timer.Person, t timer.Timer, _ string, _ *timercache.Held) error {
	return r.write(ctx, "started "+t.Issue.Key)
}

func (r *record) Named(ctx context.Context, _ timer.Person, t timer.Timer) error {
	return r.write(ctx, "named "+t.Issue.Key)
}

func (r *record) Stopped(ctx context.Context, _ timer.Person, issue timer.Issue, _ time.Time, _ *timercache.Held) error {
	return r.write(ctx, "stopped "+issue.Key)
}

func (r *record) write(ctx context.Context, what string) error {
	if ctx.Err() == nil {
		r.written = append(r.written, what)
	}
	return ctx.Err()
}

type nobody struct{}

func (nobody) User(context.Context, string) (jira.User, error) { return jira.User{}, jira.ErrNotFound }
func (nobody) Issue(context.Context, string) (jira.Issue, error) {
	return jira.Issue{}, jira.ErrNotFound
}

// newControl is a Control that knows no names and no owners.
func newControl(clockwork timercontrol.Clockwork, cache timercontrol.Cache) *timercontrol.Control {
	return &timercontrol.Control{Clockwork: clockwork, Names: nobody{}, Owners: timercontrol.OwnerStore{Redis: empty{}, Keys: []*keyed.Key{keyed.New([]byte("k"))}}, Cache: cache,
		RequestSync: func(context.Context, string) error { return nil }, NamesTimeout: time.Second, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
}

// What Clockwork did is cached even if the caller hangs up before the answer, and a
// switch is finished.
func TestCallerHangsUp(t *testing.T) {
	for name, tt := range map[string]struct {
		call func(*timercontrol.Control, context.Context, timercontrol.Request) (timercontrol.Outcome, error)
		want []string
	}{
		"start":  {(*timercontrol.Control).Start, []string{"started ABC-7", "sync for acc-1"}},
		"stop":   {(*timercontrol.Control).Stop, []string{"stopped ABC-7", "sync for acc-1"}},
		"switch": {(*timercontrol.Control).Switch, []string{"stopped OPS-1", "stopped OPS-2", "started ABC-7", "sync for acc-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, hangUp := context.WithCancel(t.Context())
			cache := &record{running: []timer.Timer{{Issue: timer.Issue{Key: "OPS-1", ID: 1}}, {Issue: timer.Issue{Key: "OPS-2", ID: 2}}}}
			control := newControl(caller{hangUp}, cache)
			control.RequestSync = func(ctx context.Context, account string) error { return cache.write(ctx, "sync for "+account) }
			_, err := tt.call(control, ctx, timercontrol.Request{Token: secret.New("t"), AccountID: "acc-1", IssueKey: "ABC-7"})
			require.NoError(t, err)
			assert.Equal(t, tt.want, cache.written)
		})
	}
}

// absent is a Clockwork that has no running timer.
type absent struct {
	caller
	at time.Time
}

func (a absent) StopTimer(context.Context, secret.Text, string) (time.Time, error) {
	return a.at, clockwork.ErrNotRunning
}

// moment keeps the time at which a timer was stopped.
type moment struct {
	record
	at time.Time
}

func (m *moment) Stopped(_ context.Context, _ timer.Person, _ timer.Issue, at time.Time, _ *timercache.Held) error {
	m.at = at
	return nil
}

// A stop for which nothing ran has a time too, so that it undoes no later start.
func TestStopOfNothing(t *testing.T) {
	answered := time.Date(2026, 5, 4, 9, 0, 7, 0, time.UTC)
	cache := &moment{}
	out, err := newControl(absent{at: answered}, cache).Stop(t.Context(), timercontrol.Request{AccountID: "ann", IssueKey: "OPS-64"})
	require.NoError(t, err)
	assert.False(t, out.Stopped)
	assert.Equal(t, answered, cache.at)
}
