package fault

import (
	"net/http"
	"slices"
	"sync"
)

// Injector holds the faults that are switched on. The zero value is ready.
type Injector struct {
	mu     sync.Mutex
	plans  []*Plan
	lastID int
}

// Plan is a fault that was switched on.
type Plan struct {
	Fault
	id      int
	in      *Injector
	cleared chan struct{}

	seen, hits int // guarded by in.mu
}

// Add switches a fault on. Where several match a request, the oldest that is
// not used up plays. A fault that Validate refuses panics: it is the test that
// is wrong.
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

// ID names the plan for the control handler.
func (p *Plan) ID() int { return p.id }

// Hits is how many requests the plan has made fail.
func (p *Plan) Hits() int {
	p.in.mu.Lock()
	defer p.in.mu.Unlock()
	return p.hits
}

// Clear switches the plan off and ends the requests that hang on it.
func (p *Plan) Clear() { p.in.clear(p.id) }

// Clear switches every fault off and ends the requests that hang.
func (in *Injector) Clear() { in.clear(0) }

// clear removes one plan, or all of them when id is 0.
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

// Wrap lets faults that name the upstream or the operation (both may be empty)
// play on next.
func (in *Injector) Wrap(upstream, operation string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := in.take(upstream, operation, r); p != nil {
			p.play(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// take claims one use of the first plan that matches.
func (in *Injector) take(upstream, operation string, r *http.Request) *Plan {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, p := range in.plans {
		if !p.matches(upstream, operation, r.Method, r.URL.Path) || p.usedUp() {
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

// usedUp needs in.mu held. A plan that is used up stays listed, with its hits.
func (p *Plan) usedUp() bool { return p.Count > 0 && p.hits >= p.Count }
