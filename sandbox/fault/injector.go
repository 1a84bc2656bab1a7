package fault

import (
	"net/http"
	"slices"
	"sync"
)

// Injector holds the active faults. The zero value is ready for use.
type Injector struct {
	mu     sync.Mutex
	plans  []*Plan
	lastID int
}

// Plan is an active fault.
type Plan struct {
	Fault
	id      int
	in      *Injector
	cleared chan struct{}

	seen, hits int // guarded by in.mu
}

// Add activates a fault. If several match a request, the oldest one that is not used
// up applies. Add panics if Validate refuses the fault, because then the test is
// wrong.
func (in *Injector) Add(f Fault) *Plan {
	if err := f.Validate(); err != nil {
		panic("fault: " + err.Error())
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.lastID++
	p := &Plan{Fault: f, id: in.lastID, in: in, cleared: make(chan struct{})}
	in.plans = append(in.plans, p)
	return p
}

// ID is the plan's id at the control handler.
func (p *Plan) ID() int { return p.id }

// Hits returns how many requests the plan has made fail.
func (p *Plan) Hits() int {
	p.in.mu.Lock()
	defer p.in.mu.Unlock()
	return p.hits
}

// Clear removes the plan, and ends the requests that hang because of it.
func (p *Plan) Clear() { p.in.clear(p.id) }

// Clear removes every fault, and ends the requests that hang.
func (in *Injector) Clear() { in.clear(0) }

// clear removes the plan with the id, or all plans if id is 0.
func (in *Injector) clear(id int) (removed int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.plans = slices.DeleteFunc(in.plans, func(p *Plan) bool {
		if id != 0 && p.id != id {
			return false
		}
		close(p.cleared)
		removed++
		return true
	})
	return removed
}

// Wrap returns next with the faults that match the upstream and the operation. Both
// may be empty.
func (in *Injector) Wrap(upstream, operation string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := in.claim(upstream, operation, r); p != nil {
			p.play(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// claim uses the first plan that matches once, and returns it; nil if none matches.
func (in *Injector) claim(upstream, operation string, r *http.Request) *Plan {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, p := range in.plans {
		if !p.matches(upstream, operation, r.URL.Path) || p.usedUp() {
			continue
		}
		if p.seen++; p.seen <= p.Skip {
			continue
		}
		p.hits++
		return p
	}
	return nil
}

// usedUp reports whether the plan has made Count requests fail. Such a plan stays
// listed, with its hits. It needs in.mu held.
func (p *Plan) usedUp() bool { return p.Count > 0 && p.hits >= p.Count }
