package sandbox

import (
	"errors"
	"net/http"
)

func (s *Sandbox) serveStart(w http.ResponseWriter, r *http.Request, accountID string) {
	p, err := params(r)
	if err != nil || p.Get("issue_key") == "" {
		writeClockworkError(w, http.StatusBadRequest, "issue_key is missing")
		return
	}
	t, err := s.StartTimer(accountID, p.Get("issue_key"), p.Get("comment"))
	s.answerWrite(w, err, "Timer started", "Timer started for "+t.Issue.Key)
}

func (s *Sandbox) serveStop(w http.ResponseWriter, r *http.Request, accountID string) {
	p, err := params(r)
	if err != nil || p.Get("issue_key") == "" {
		writeClockworkError(w, http.StatusBadRequest, "issue_key is missing")
		return
	}
	t, err := s.StopTimer(accountID, p.Get("issue_key"))
	s.answerWrite(w, err, "Timer stopped", "Timer stopped for "+t.Issue.Key)
}

func (s *Sandbox) answerWrite(w http.ResponseWriter, err error, title, body string) {
	switch {
	case errors.Is(err, ErrUnknownIssue):
		writeClockworkError(w, http.StatusNotFound, "Issue not found")
	case err != nil:
		writeClockworkError(w, http.StatusUnprocessableEntity, err.Error())
	case s.Switches().EmptyWriteBody:
		w.WriteHeader(http.StatusOK)
	default:
		writeJSON(w, http.StatusOK, clockworkMessage(title, body))
	}
}
