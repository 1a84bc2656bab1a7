package sandbox

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Report plays app.clockwork.report, Clockwork's undocumented app API:
// /timers.json, /my_recently_destroyed_timers.json and /timers/{id}/stop.json.
func (s *Sandbox) Report() http.Handler {
	mux := http.NewServeMux()
	s.handle(mux, "GET /timers.json", "report.timers", s.serveReport)
	s.handle(mux, "GET /my_recently_destroyed_timers.json", "report.my_recently_destroyed_timers", s.serveReport)
	s.handle(mux, "POST /timers/{id}/stop.json", "report.stop", s.serveReport)
	s.handle(mux, "/", "report.unknown", func(w http.ResponseWriter, _ *http.Request) {
		writeClockworkError(w, http.StatusNotFound, "Not Found")
	})
	return mux
}

func (s *Sandbox) serveReport(w http.ResponseWriter, r *http.Request) {
	accountID, err := s.checkContextJWT(r.Header.Get("Authorization"))
	if err != nil {
		writeClockworkError(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	// How the real one answers a foreign xdm_e is not known.
	if r.URL.Query().Get("xdm_e") != "https://"+s.site.Host {
		writeClockworkError(w, http.StatusBadRequest, "xdm_e does not name the installed site")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		writeClockworkError(w, http.StatusBadRequest, "unreadable body")
		return
	}
	status, answer := s.callReport(reportCall{method: r.Method, path: r.URL.Path, query: r.URL.Query(), body: body, accountID: accountID})
	writeJSON(w, status, answer)
}

// issueContextJWT makes the servlet's token.
func (s *Sandbox) issueContextJWT(accountID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	return sign(jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": s.site.ClientKey, "sub": accountID, "qsh": "context-qsh",
		"iat": now.Unix(), "exp": now.Add(s.opts.ReportTokenLifetime).Unix(), "context": map[string]any{},
	}), s.connectKey)
}

// checkContextJWT returns the account that the token stands for.
func (s *Sandbox) checkContextJWT(authorization string) (accountID string, err error) {
	text, ok := strings.CutPrefix(authorization, "JWT ")
	if !ok {
		return "", errors.New("no JWT")
	}
	s.mu.Lock()
	key := s.connectKey
	s.mu.Unlock()
	token, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithIssuer(s.site.ClientKey), jwt.WithTimeFunc(s.now))
	if err != nil {
		return "", err
	}
	return token.Claims.GetSubject()
}
