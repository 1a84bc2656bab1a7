package sandbox

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Report plays /timers.json of app.clockwork.report, Clockwork's undocumented app
// API.
func (s *Sandbox) Report() http.Handler {
	mux := http.NewServeMux()
	s.handle(mux, "GET /timers.json", "report.timers", s.serveReport)
	s.handle(mux, "/", "report.unknown", func(w http.ResponseWriter, _ *http.Request) {
		writeClockworkError(w, http.StatusNotFound, "Not Found")
	})
	return mux
}

func (s *Sandbox) serveReport(w http.ResponseWriter, r *http.Request) {
	if err := s.checkContextJWT(r.Header.Get("Authorization")); err != nil {
		writeClockworkError(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	// It is not known how the real service answers a foreign xdm_e.
	if r.URL.Query().Get("xdm_e") != "https://"+s.site.Host {
		writeClockworkError(w, http.StatusBadRequest, "xdm_e does not name the installed site")
		return
	}
	status, answer := s.callReport(r.Method, r.URL)
	writeJSON(w, status, answer)
}

const contextJWTLife = 15 * time.Minute

// issueContextJWT returns the servlet's token.
func (s *Sandbox) issueContextJWT(accountID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	return sign(jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": s.site.ClientKey, "sub": accountID, "qsh": "context-qsh",
		"iat": now.Unix(), "exp": now.Add(contextJWTLife).Unix(), "context": map[string]any{},
	}), s.connectKey)
}

func (s *Sandbox) checkContextJWT(authorization string) error {
	text, ok := strings.CutPrefix(authorization, "JWT ")
	if !ok {
		return errors.New("no JWT")
	}
	s.mu.Lock()
	key := s.connectKey
	s.mu.Unlock()
	_, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithIssuer(s.site.ClientKey), jwt.WithTimeFunc(s.now))
	return err
}
