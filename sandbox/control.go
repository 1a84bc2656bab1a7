package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// Control lets another process read and change the sandbox's data, as if somebody
// used Clockwork or Jira directly. It asks for no credentials and shows the sandbox's
// own, so serve it on loopback only. The package comment lists the routes.
func (s *Sandbox) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", s.controlState)
	mux.HandleFunc("GET /timers", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"timers": s.RunningTimers()})
	})
	mux.HandleFunc("POST /timers/start", s.controlStart)
	mux.HandleFunc("POST /timers/stop", s.controlStop)
	mux.HandleFunc("PATCH /timers/{id}", s.controlEdit)
	mux.HandleFunc("GET /people", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"people": s.People()})
	})
	mux.HandleFunc("POST /people", controlAdd(s.AddPerson))
	mux.HandleFunc("GET /issues", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"issues": s.Issues()})
	})
	mux.HandleFunc("POST /issues", controlAdd(s.AddIssue))
	mux.HandleFunc("POST /issues/move", s.controlMove)
	mux.HandleFunc("PUT /odd/{id}", s.controlOdd)
	mux.HandleFunc("GET /switches", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Switches()) })
	mux.HandleFunc("PATCH /switches", s.controlSwitches)
	mux.HandleFunc("POST /tokens/revoke", func(w http.ResponseWriter, _ *http.Request) {
		s.RevokeTokens()
		writeJSON(w, http.StatusOK, map[string]any{})
	})
	mux.HandleFunc("POST /populate", s.controlPopulate)
	mux.HandleFunc("GET /requests", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Requests()) })
	mux.HandleFunc("DELETE /requests", func(w http.ResponseWriter, _ *http.Request) {
		s.ResetRequests()
		writeJSON(w, http.StatusOK, map[string]any{})
	})
	mux.HandleFunc("GET /credentials", s.controlCredentials)
	mux.Handle("/faults", s.faults.ControlHandler())
	return mux
}

func (s *Sandbox) controlState(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"now": s.now(), "site": s.Site(), "switches": s.Switches(), "timers": s.RunningTimers(),
		"people": len(s.People()), "issues": len(s.Issues()), "worklogs": len(s.Worklogs()), "requests": s.Requests(),
	})
}

type controlTimer struct {
	AccountID string `json:"accountId"`
	IssueKey  string `json:"issueKey"`
	Comment   string `json:"comment"`
}

func (s *Sandbox) controlStart(w http.ResponseWriter, r *http.Request) {
	var in controlTimer
	if !readControl(w, r, &in) {
		return
	}
	t, err := s.StartTimer(in.AccountID, in.IssueKey, in.Comment)
	writeControl(w, t, err)
}

func (s *Sandbox) controlStop(w http.ResponseWriter, r *http.Request) {
	var in controlTimer
	if !readControl(w, r, &in) {
		return
	}
	t, err := s.StopTimer(in.AccountID, in.IssueKey)
	writeControl(w, t, err)
}

func (s *Sandbox) controlEdit(w http.ResponseWriter, r *http.Request) {
	var in TimerEdit
	if !readControl(w, r, &in) {
		return
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		writeControl(w, nil, ErrNotRunning)
		return
	}
	t, err := s.EditTimer(id, in)
	writeControl(w, t, err)
}

func (s *Sandbox) controlMove(w http.ResponseWriter, r *http.Request) {
	var in struct{ Key, NewKey string }
	if readControl(w, r, &in) {
		issue, err := s.MoveIssue(in.Key, in.NewKey)
		writeControl(w, issue, err)
	}
}

func (s *Sandbox) controlOdd(w http.ResponseWriter, r *http.Request) {
	var in struct{ How Oddity }
	if !readControl(w, r, &in) {
		return
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err == nil {
		err = s.MakeOdd(id, in.How)
	}
	writeControl(w, in, err)
}

func (s *Sandbox) controlSwitches(w http.ResponseWriter, r *http.Request) {
	next := s.Switches()
	if !readControl(w, r, &next) {
		return
	}
	if err := next.validate(); err != nil {
		writeControl(w, nil, err)
		return
	}
	s.Switch(func(now *Switches) { *now = next })
	writeJSON(w, http.StatusOK, next)
}

func (s *Sandbox) controlPopulate(w http.ResponseWriter, r *http.Request) {
	var in struct{ Timers, Users int }
	if readControl(w, r, &in) {
		s.Populate(in.Timers, in.Users)
		writeJSON(w, http.StatusOK, map[string]any{"timers": len(s.RunningTimers()), "people": len(s.People())})
	}
}

// controlCredentials reveals the credentials on purpose: they are good for the
// sandbox only.
func (s *Sandbox) controlCredentials(w http.ResponseWriter, _ *http.Request) {
	tokens := map[string]string{}
	for _, p := range s.People() {
		tokens[p.AccountID] = s.ClockworkToken(p.AccountID).Reveal()
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"accountId": s.creds.AccountID, "atlassianEmail": s.creds.AtlassianEmail,
		"atlassianApiToken": s.creds.AtlassianAPIToken.Reveal(), "sessionToken": s.creds.SessionToken.Reveal(),
		"clockworkTokens": tokens,
	})
}

func controlAdd[T any](add func(T) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		if !readControl(w, r, &in) {
			return
		}
		out, err := add(in)
		writeControl(w, out, err)
	}
}

func readControl(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]any{"message": err.Error()})
		return false
	}
	return true
}

func writeControl(w http.ResponseWriter, body any, err error) {
	status := http.StatusOK
	switch {
	case errors.Is(err, ErrUnknownPerson), errors.Is(err, ErrUnknownIssue):
		status = http.StatusNotFound
	case errors.Is(err, ErrAlreadyRunning), errors.Is(err, ErrNotRunning):
		status = http.StatusConflict
	case err != nil:
		status = http.StatusBadRequest
	}
	if err != nil {
		body = map[string]any{"message": err.Error()}
	}
	writeJSON(w, status, body)
}
