package inngestdev

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/e2e/process"
)

// App is an app as the dev server lists it.
type App struct {
	Name      string
	Connected bool
	Error     string
	Functions []struct{ Slug string }
}

// AwaitApp waits until an app is registered and answers, and returns it. The server
// may also list an unnamed app, for the time when nobody answered at the URL.
func (s *Server) AwaitApp(ctx context.Context) (App, error) {
	var app App
	err := process.Until(ctx, "the app to register", func(ctx context.Context) error {
		var data struct{ Apps []App }
		err := s.query(ctx, `{ apps { name connected error functions { slug } } }`, nil, &data)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(data.Apps, func(a App) bool { return a.Connected && len(a.Functions) > 0 })
		if i < 0 {
			return fmt.Errorf("apps are %+v", data.Apps)
		}
		app = data.Apps[i]
		return nil
	})
	return app, err
}

// Send posts an event to /e/KEY, as one does by hand, and returns its id. The dev
// server accepts any key.
func (s *Server) Send(ctx context.Context, name string, data map[string]any) (string, error) {
	ids, err := s.SendMany(ctx, name, data)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// SendMany posts an event for each data in one request, and returns their ids.
func (s *Server) SendMany(ctx context.Context, name string, data ...map[string]any) ([]string, error) {
	var reply struct{ IDs []string }
	var events []map[string]any
	for _, d := range data {
		events = append(events, map[string]any{"name": name, "data": d})
	}
	if err := process.JSON(ctx, http.MethodPost, s.URL+"/e/local", nil, events, &reply); err != nil {
		return nil, err
	}
	if len(reply.IDs) != len(data) {
		return nil, fmt.Errorf("sent %d events, got ids %v", len(data), reply.IDs)
	}
	return reply.IDs, nil
}

// Event is an event that the server has received.
type Event struct {
	ID   string `json:"internal_id"`
	Data map[string]any
}

// AwaitEvent waits until the server shows an event of that name whose data has
// the value at key, and returns its id.
func (s *Server) AwaitEvent(ctx context.Context, name, key string, value any) (string, error) {
	path := "/v1/events?" + url.Values{"name": {name}}.Encode()
	var id string
	err := process.Until(ctx, "an event with "+key, func(ctx context.Context) error {
		var reply struct{ Data []Event }
		if err := process.JSON(ctx, http.MethodGet, s.URL+path, nil, nil, &reply); err != nil {
			return err
		}
		i := slices.IndexFunc(reply.Data, func(e Event) bool { return e.Data[key] == value })
		if i < 0 {
			return fmt.Errorf("events are %+v", reply.Data)
		}
		id = reply.Data[i].ID
		return nil
	})
	return id, err
}

// Run is the current state of a function's run.
type Run struct {
	ID     string
	Status string // "QUEUED", "RUNNING", "COMPLETED", "FAILED" or "CANCELLED"
	Output string // JSON: what the function returned, or its error
	Steps  []Step // in the order they ran
}

// Ended reports whether the run has ended.
func (r Run) Ended() bool {
	return slices.Contains([]string{"COMPLETED", "FAILED", "CANCELLED"}, r.Status)
}

// Failures returns how many attempts at the step have failed so far.
func (r Run) Failures(step string) int {
	for _, s := range r.Steps {
		if s.Name == step {
			return s.Failures
		}
	}
	return 0
}

// Step is a step of a run.
type Step struct {
	Name     string
	Failures int    // how many attempts failed
	Output   string // JSON as Inngest stores and shows it; "" if no attempt succeeded
}

// Await waits until the run that the event caused satisfies ok, for example
// Run.Ended, and returns it. what names the condition.
func (s *Server) Await(ctx context.Context, eventID, what string, ok func(Run) bool) (Run, error) {
	var run Run
	err := process.Until(ctx, "the run of event "+eventID+" "+what, func(ctx context.Context) error {
		ids, err := s.runsOf(ctx, eventID)
		if err != nil {
			return err
		}
		if len(ids) != 1 {
			return fmt.Errorf("the event has runs %v", ids)
		}
		if run, err = s.run(ctx, ids[0]); err != nil {
			return err
		}
		if !ok(run) {
			return fmt.Errorf("it is %+v", run)
		}
		return nil
	})
	return run, err
}

func (s *Server) runsOf(ctx context.Context, eventID string) ([]string, error) {
	var data struct {
		EventV2 struct{ Runs []struct{ ID string } }
	}
	const query = `query($id: ULID!) { eventV2(id: $id) { runs { id } } }`
	if err := s.query(ctx, query, map[string]any{"id": eventID}, &data); err != nil {
		return nil, err
	}
	ids := make([]string, len(data.EventV2.Runs))
	for i, r := range data.EventV2.Runs {
		ids[i] = r.ID
	}
	return ids, nil
}

// unnamed is the name of a span until the server knows which step it is. On a busy
// machine such a span may stay in the trace, beside the step's own.
const unnamed = "execute"

// span is a node of a run's trace: a step, the function's end or, below one of these
// if something failed, an attempt.
type span struct {
	Name, Status  string
	OutputID      string
	ChildrenSpans []span
}

func (s *Server) run(ctx context.Context, id string) (Run, error) {
	var data struct {
		Run struct {
			Status string
			Output string
			Trace  span
		}
	}
	const query = `query($id: String!) { run(runID: $id) { status output trace {
		childrenSpans { name status outputID childrenSpans { name status } }
	} } }`
	if err := s.query(ctx, query, map[string]any{"id": id}, &data); err != nil {
		return Run{}, err
	}
	run := Run{ID: id, Status: data.Run.Status, Output: data.Run.Output}
	for _, sp := range data.Run.Trace.ChildrenSpans {
		if strings.HasPrefix(sp.Name, "function ") || sp.Name == unnamed {
			continue // "function success" or "function error", no step
		}
		step, err := s.step(ctx, sp)
		if err != nil {
			return run, err
		}
		run.Steps = append(run.Steps, step)
	}
	return run, nil
}

func (s *Server) step(ctx context.Context, sp span) (Step, error) {
	step := Step{Name: sp.Name}
	for _, attempt := range sp.ChildrenSpans {
		if attempt.Status == "FAILED" {
			step.Failures++
		}
	}
	if sp.OutputID == "" {
		return step, nil
	}
	var data struct {
		RunTraceSpanOutputByID struct{ Data string }
	}
	const query = `query($id: String!) { runTraceSpanOutputByID(outputID: $id) { data } }`
	err := s.query(ctx, query, map[string]any{"id": sp.OutputID}, &data)
	step.Output = data.RunTraceSpanOutputByID.Data
	return step, err
}
