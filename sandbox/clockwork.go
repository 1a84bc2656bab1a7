package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// Clockwork plays api.clockwork.report: /v1/worklogs, /v1/start_timer and
// /v1/stop_timer.
func (s *Sandbox) Clockwork() http.Handler {
	mux := http.NewServeMux()
	s.handle(mux, "GET /v1/worklogs", "clockwork.worklogs", s.withClockworkToken(s.serveWorklogs))
	s.handle(mux, "POST /v1/start_timer", "clockwork.start_timer", s.withClockworkToken(s.serveStart))
	s.handle(mux, "POST /v1/stop_timer", "clockwork.stop_timer", s.withClockworkToken(s.serveStop))
	s.handle(mux, "/", "clockwork.unknown", func(w http.ResponseWriter, _ *http.Request) {
		writeClockworkError(w, http.StatusNotFound, "Not Found")
	})
	return mux
}

// withClockworkToken calls h with the account id of the token's owner, and answers
// 401 if the token is not known.
func (s *Sandbox) withClockworkToken(h func(w http.ResponseWriter, r *http.Request, accountID string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Token ")
		s.mu.Lock()
		owner := s.tokenOwner[secret.New(token).Reveal()]
		s.mu.Unlock()
		if !ok || owner == "" {
			writeClockworkError(w, http.StatusUnauthorized, "Invalid API token")
			return
		}
		h(w, r, owner)
	}
}

func writeClockworkError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]any{"error_message": text})
}

// clockworkMessage returns the body of a success.
func clockworkMessage(title, body string) map[string]any {
	return map[string]any{"messages": []any{map[string]any{"title": title, "body": body, "type": "success"}}}
}

// params merges the query with the body, which is a JSON object or a form: Clockwork
// accepts parameters in all three. If both have a parameter, the body's counts.
func params(r *http.Request) (url.Values, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		err := r.ParseForm()
		return r.Form, err
	}
	out := r.URL.Query()
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for name, v := range body {
		if text, ok := v.(string); ok {
			out.Set(name, text)
		}
	}
	return out, nil
}
