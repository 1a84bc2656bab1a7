package sandbox

import (
	"cmp"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// hasSession reports whether the request has a session cookie that is still valid.
func (s *Sandbox) hasSession(r *http.Request) bool {
	cookie, err := r.Cookie("tenant.session.token")
	if err != nil || s.Switches().SessionExpired {
		return false
	}
	return secret.New(cookie.Value).Equal(s.creds.SessionToken) && s.now().Before(s.sessionEnds)
}

// withSession refuses requests without the session cookie in the given style, unless
// SessionRefusal chooses another.
func (s *Sandbox) withSession(refusal string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.hasSession(r) {
			h(w, r)
			return
		}
		refuseSession(w, cmp.Or(s.Switches().SessionRefusal, refusal))
	}
}

func refuseSession(w http.ResponseWriter, style string) {
	switch style {
	case "redirect":
		w.Header().Set("Location", "https://id.atlassian.com/login?continue=%2F&application=jira")
		w.WriteHeader(http.StatusFound)
	case "html":
		writeHTML(w, http.StatusOK, "Log in with Atlassian account")
	case "forbidden":
		writeJSON(w, http.StatusForbidden, map[string]any{"code": http.StatusForbidden, "message": "Forbidden"})
	default:
		writeJSON(w, http.StatusUnauthorized, map[string]any{"code": http.StatusUnauthorized, "message": "Unauthorized"})
	}
}
