package writes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// pacing plays writes that arrive evenly, for a second, and commits that take
// 200 µs. It gives the longest rest, and the mean of the last hundred.
func pacing(rate int) (longest, mean time.Duration) {
	now := testNow
	var rests []time.Duration
	p := &pace{now: func() time.Time { return now }, sleep: func(d time.Duration) { rests = append(rests, d); now = now.Add(d) }, last: now, over: now}
	next := now
	for now.Before(testNow.Add(time.Second)) {
		if next.After(now) {
			now = next // nothing waits: the committer sleeps until something does
		}
		n := 0
		for ; !next.After(now); next = next.Add(time.Second / time.Duration(rate)) {
			n++
		}
		now = now.Add(200 * time.Microsecond)
		p.rest(n)
	}
	for i, d := range rests {
		longest = max(longest, d)
		if i >= len(rests)-100 {
			mean += d / time.Duration(min(len(rests), 100))
		}
	}
	return longest, mean
}

func TestPace(t *testing.T) {
	for name, tc := range map[string]struct {
		rate     int
		from, to time.Duration // of the rest that it comes to
	}{
		"few":   {150, 0, 0},
		"some":  {500, 8 * time.Millisecond, 10 * time.Millisecond},
		"many":  {20_000, 18 * time.Millisecond, 20 * time.Millisecond},
		"flood": {100_000, 18 * time.Millisecond, 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			longest, mean := pacing(tc.rate)
			assert.GreaterOrEqual(t, mean, tc.from)
			assert.LessOrEqual(t, mean, tc.to)
			assert.LessOrEqual(t, longest, maxPause)
		})
	}
}
