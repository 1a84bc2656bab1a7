package timercontrol_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// late is a cache whose first answer does not come in time.
type late struct {
	record
	asked int
}

func (l *late) Started(ctx context.Context, owner timer.Person, t timer.Timer, unproven string, held *timercache.Held) error {
	if l.asked++; l.asked == 1 {
		return fmt.Errorf("%w: too slow", timercache.ErrUnavailable)
	}
	return l.record.Started(ctx, owner, t, unproven, held)
}

func (l *late) Stopped(ctx context.Context, owner timer.Person, issue timer.Issue, at time.Time, held *timercache.Held) error {
	if l.asked++; l.asked == 1 {
		return fmt.Errorf("%w: too slow", timercache.ErrUnavailable)
	}
	return l.record.Stopped(ctx, owner, issue, at, held)
}

// What Clockwork did is shown even if Redis was too slow the first time.
func TestCacheThatIsLate(t *testing.T) {
	for name, tt := range map[string]struct {
		call func(*timercontrol.Control, context.Context, timercontrol.Request) (timercontrol.Outcome, error)
		want string
	}{
		"start": {(*timercontrol.Control).Start, "started OPS-64"},
		"stop":  {(*timercontrol.Control).Stop, "stopped OPS-64"},
	} {
		t.Run(name, func(t *testing.T) {
			cache := &late{}
			_, err := tt.call(newControl(caller{func() {}}, cache), t.Context(), timercontrol.Request{AccountID: "ann", IssueKey: "OPS-64"})
			require.NoError(t, err)
			assert.Equal(t, []string{tt.want}, cache.written)
		})
	}
}

// slow is a cache that takes half a minute before it answers.
type slow struct {
	record
	now    time.Time
	shown  []int64
	failed bool
}

func (s *slow) Started(_ context.Context, _ timer.Person, t timer.Timer, _ string, _ *timercache.Held) error {
	s.shown = append(s.shown, t.TillNow)
	if !s.failed {
		s.failed, s.now = true, s.now.Add(30*time.Second)
		return fmt.Errorf("%w: too slow", timercache.ErrUnavailable)
	}
	return nil
}

// A start that is written late counts from Clockwork's start.
func TestLateStartCounts(t *testing.T) {
	cache := &slow{now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	control := newControl(caller{func() {}}, cache)
	control.Now = func() time.Time { return cache.now }
	_, err := control.Start(t.Context(), timercontrol.Request{AccountID: "ann", IssueKey: "OPS-64"})
	require.NoError(t, err)
	assert.Equal(t, []int64{0, 30}, cache.shown)
}
