package doctor

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// maxSkew is how far the clock may be off: logins and signatures depend on it.
const maxSkew = 30 * time.Second

// clockWatch sends requests, and compares the answers' Date with this machine's
// clock.
type clockWatch struct {
	next http.RoundTripper
	now  func() time.Time

	mu    sync.Mutex
	skews []time.Duration // of this machine: positive is fast
}

func (c *clockWatch) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := c.now()
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	date, bad := http.ParseTime(response.Header.Get("Date"))
	if bad == nil && response.Header.Get("Age") == "" { // a cache's answer has an old date
		middle := sent.Add(c.now().Sub(sent) / 2)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.skews = append(c.skews, middle.Sub(date))
	}
	return response, nil
}

// findings uses the median of all answers: one upstream may be wrong.
func (c *clockWatch) findings() []Finding {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.skews) == 0 {
		return only(Finding{Skip, "clock", "not checked: no answer said what time it is"})
	}
	slices.Sort(c.skews)
	skew := c.skews[len(c.skews)/2].Round(time.Second)
	if skew.Abs() > maxSkew {
		direction := map[bool]string{true: "fast", false: "slow"}[skew > 0]
		return only(Finding{Warn, "clock", skew.Abs().String() + " " + direction + ": logins and signed requests will be refused, so set it by NTP"})
	}
	return only(Finding{OK, "clock", "right, by the dates of the answers"})
}
