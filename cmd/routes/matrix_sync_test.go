package routes_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/clockwork-timer/backend/pkg/apptest"
)

// matrixOfSync has the rows of the background function, called as Inngest calls it.
// There is no row for Inngest itself, because the function does not call it. (Only in
// dev mode the SDK calls Inngest, to register the function, with a client of its
// own.)
func matrixOfSync() []row {
	run := func(*apptest.World) apptest.Request {
		return apptest.Request{Method: http.MethodPost, Target: "/api/inngest?fnId=clockwork-timers-sync-active-timers&stepId=step", Body: "{}"}
	}
	connect, forge := apptest.Options{Inngest: true}, apptest.Options{Inngest: true, Env: map[string]string{"TIMER_SOURCE": "forge"}}
	return having(syncs, append(in(connect, changed,
		rowOf("/api/inngest", "-connect", "connect", run, source()),
		rowOf("/api/inngest", "-connect", "report", run, list()),
		rowOf("/api/inngest", "-connect", "jira", run, but(every(synced), map[string]outcome{"refused": stepError})), // the servlet is on the same host
		rowOf("/api/inngest", "-connect", "redis", run, but(every(stepError), map[string]outcome{"slow": synced})),
	), in(forge, changed,
		rowOf("/api/inngest", "-forge", "forge", run, but(source(), map[string]outcome{"400": stepFailed, "409": stepFailed, "422": stepFailed})), // somebody has to set other ids
	)...)...)
}

// The results of a run: it succeeded, Inngest retries a step, or a step failed for
// good and a person has to do something.
var (
	synced     = outcome{status: 200, has: `"result":{`}
	stepError  = outcome{status: 206, has: `"op":"StepError"`}
	stepFailed = outcome{status: 206, has: `"op":"StepFailed"`}
)

// source has the outcomes if the way to Clockwork's token fails, for which the Jira
// session is the credential.
func source() map[string]outcome {
	return but(every(stepError), map[string]outcome{"slow": synced, "401": stepFailed, "403": stepFailed, "404": stepFailed, "html": stepFailed, "wrong-types": stepFailed, "malformed": stepFailed})
}

// list has the outcomes if Clockwork's list fails.
func list() map[string]outcome {
	return but(every(stepError), map[string]outcome{"slow": synced, "404": stepFailed, "wrong-types": stepFailed, "malformed": stepFailed, "html": stepFailed, "401": stepFailed, "403": stepFailed})
}

// changed starts a timer since the last sync, and lets two hours pass, so that all
// names are looked up again.
func changed(w *apptest.World) {
	if _, err := w.Sandbox.StartTimer(w.Person(5).AccountID, "OPS-42", ""); err != nil {
		panic(err)
	}
	w.Clock.Advance(2 * time.Hour)
}

// executor calls the function as Inngest does, with one request for each step, until
// the function ends or a step fails. It passes the last answer on.
func executor(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		steps := map[string]any{}
		for {
			request := r.Clone(r.Context())
			request.Body = io.NopCloser(bytes.NewReader(call(steps)))
			recorder := httptest.NewRecorder()
			next(recorder, request)
			var done []struct {
				ID   string          `json:"id"`
				Op   string          `json:"op"`
				Data json.RawMessage `json:"data"`
			}
			if recorder.Code == http.StatusPartialContent && json.Unmarshal(recorder.Body.Bytes(), &done) == nil && len(done) == 1 && done[0].Op == "StepRun" {
				steps[done[0].ID] = map[string]any{"type": "data", "data": done[0].Data}
				continue
			}
			for name, values := range recorder.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(recorder.Code)
			_, _ = recorder.Body.WriteTo(w)
			return
		}
	}
}

// call returns the body of a request to the function, with the results of the steps
// so far.
func call(steps map[string]any) []byte {
	event := map[string]any{"name": "clockwork/timers.sync.requested", "data": map[string]any{}, "ts": 1}
	body, err := json.Marshal(map[string]any{
		"ctx":   map[string]any{"fn_id": "3b1f2a44-0d9b-4d6a-8f6e-0f8a7a3f5c11", "run_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "step_id": "step", "attempt": 0},
		"event": event, "events": []any{event}, "steps": steps, "version": 1,
	})
	if err != nil {
		panic(err)
	}
	return body
}
