package writes

import "time"

// Under load a commit waits a little for more writes: they share its fixed cost, and
// that of a write to each connection. A few messages a second never wait.
const (
	// busy is the rate, in writes per second, from which commits wait.
	busy = 200
	// maxPause bounds the wait.
	maxPause = 20 * time.Millisecond
)

// pace decides how long to wait between two commits.
type pace struct {
	now   func() time.Time
	sleep func(time.Duration)
	last  time.Time // of the last call of rest
	over  time.Time // when that call ended
	rate  float64   // writes per second, smoothed
}

// rest waits after a commit of n writes.
func (p *pace) rest(n int) {
	now := p.now()
	p.rate = smooth(p.rate, n, now.Sub(p.last))
	p.last = now
	if p.rate > busy {
		if wait := pause(p.rate) - now.Sub(p.over); wait > 0 {
			p.sleep(wait)
			now = p.now()
		}
	}
	p.over = now
}

// smooth weights the newest rate by the time that it covers: about the last 20 ms
// count.
func smooth(rate float64, n int, passed time.Duration) float64 {
	const window = 20 * time.Millisecond
	if passed <= 0 {
		return rate
	}
	weight := min(float64(passed)/float64(window), 1)
	return rate*(1-weight) + float64(n)/passed.Seconds()*weight
}

// pause is the time between two commits at a rate: 4 ms at 200 writes a second, and
// maxPause from 1,000 on. Nobody sees that time, and it halves the CPU time.
func pause(rate float64) time.Duration {
	return min(time.Duration(rate/50*float64(time.Millisecond)), maxPause)
}
