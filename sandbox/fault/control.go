package fault

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// wire is the JSON of a fault.
type wire struct {
	Fault
	DelayMS int64 `json:"delayMs,omitempty"`
	ID      int   `json:"id"`
	Hits    int   `json:"hits"`
}

// ControlHandler lets another process add, list and remove faults. It ignores the path.
//
//	POST   a fault as JSON (delayMs for the delay) → 201 {"id":1,…}
//	GET    the active faults, and how many requests each has made fail
//	DELETE removes all of them, or one by ?id=
func (in *Injector) ControlHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			reply(w, http.StatusOK, map[string]any{"faults": in.list()})
		case http.MethodPost:
			in.serveAdd(w, r)
		case http.MethodDelete:
			in.serveClear(w, r)
		default:
			w.Header().Set("Allow", "GET, POST, DELETE")
			reply(w, http.StatusMethodNotAllowed, map[string]any{"message": "use GET, POST or DELETE"})
		}
	})
}

func (in *Injector) serveAdd(w http.ResponseWriter, r *http.Request) {
	var f wire
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	dec.DisallowUnknownFields()
	err := dec.Decode(&f)
	f.Fault.Delay = time.Duration(f.DelayMS) * time.Millisecond
	if err == nil {
		err = f.Validate()
	}
	if err != nil {
		reply(w, http.StatusBadRequest, map[string]any{"message": err.Error()})
		return
	}
	f.ID, f.Hits = in.Add(f.Fault).ID(), 0
	reply(w, http.StatusCreated, f)
}

func (in *Injector) serveClear(w http.ResponseWriter, r *http.Request) {
	id := 0
	if text := r.URL.Query().Get("id"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			reply(w, http.StatusBadRequest, map[string]any{"message": "id is not a positive number"})
			return
		}
		id = n
	}
	reply(w, http.StatusOK, map[string]any{"cleared": in.clear(id)})
}

func (in *Injector) list() []wire {
	in.mu.Lock()
	defer in.mu.Unlock()
	out := make([]wire, 0, len(in.plans))
	for _, p := range in.plans {
		out = append(out, wire{Fault: p.Fault, DelayMS: p.Fault.Delay.Milliseconds(), ID: p.id, Hits: p.hits})
	}
	return out
}

func reply(w http.ResponseWriter, status int, body any) {
	b, _ := json.Marshal(body)
	send(w, status, "application/json", b)
}
