package apptest

import (
	"io"
	"net/http"
	"strings"
	"sync"
)

// Events is an Inngest that accepts every event and runs nothing.
type Events struct {
	mu     sync.Mutex
	bodies []string
}

func (e *Events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if !strings.HasPrefix(r.URL.Path, "/e/") {
		http.NotFound(w, r)
		return
	}
	e.mu.Lock()
	e.bodies = append(e.bodies, string(body))
	e.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"ids":["01J0000000000000000000EVNT"],"status":200}`)
}

// Sent returns the bodies of the events received so far, as JSON.
func (e *Events) Sent() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string{}, e.bodies...)
}
