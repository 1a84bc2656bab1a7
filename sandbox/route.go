package sandbox

import (
	"maps"
	"net/http"
	"strings"
)

// handle registers a handler as an operation, which is counted and can be made to
// fail.
func (s *Sandbox) handle(mux *http.ServeMux, pattern, operation string, h http.HandlerFunc) {
	mux.Handle(pattern, s.operation(operation, h))
}

// operation returns h as the operation upstream.verb; see Requests.
func (s *Sandbox) operation(name string, h http.HandlerFunc) http.HandlerFunc {
	upstream, _, _ := strings.Cut(name, ".")
	failing := s.faults.Wrap(upstream, name, h)
	return func(w http.ResponseWriter, r *http.Request) {
		s.count(name)
		w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		failing.ServeHTTP(w, r)
	}
}

func (s *Sandbox) count(operation string) {
	s.mu.Lock()
	s.requests[operation]++
	hook := s.onRequest
	s.mu.Unlock()
	if hook != nil {
		hook(operation)
	}
}

// Requests returns how often each operation was called since the last reset,
// including refused and failed requests. The package comment lists the operations.
func (s *Sandbox) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// ResetRequests sets every count to zero.
func (s *Sandbox) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.requests)
}

// OnRequest calls f at the start of each request, so that a test can change the data
// between two pages. OnRequest(nil) ends that.
func (s *Sandbox) OnRequest(f func(operation string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onRequest = f
}
