package timercontrol

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// Two timers that start within one second of Clockwork's clock have ids of their
// own, and each id finds its timer, also when that has Clockwork's id by then.
func TestProvisionalIDs(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 0, 7, 0, time.UTC)
	one, other := provisionalID(at, "ABC-1"), provisionalID(at, "ABC-2")
	assert.NotEqual(t, one, other)
	assert.Negative(t, one)
	running := []timer.Timer{{ID: one, StartedAt: at}, {ID: other, StartedAt: at}, {ID: 7, StartedAt: at.Add(-time.Hour)}}
	assert.Equal(t, running[:1], named(running, one))
	assert.Equal(t, running[1:2], named(running, other))
	assert.Equal(t, running[2:], named(running, 7))
	assert.Empty(t, named(running, 8))

	confirmed := []timer.Timer{{ID: 9, StartedAt: at.Add(700 * time.Millisecond)}, {ID: 7, StartedAt: at.Add(-time.Hour)}}
	assert.Equal(t, confirmed[:1], named(confirmed, one))
}
