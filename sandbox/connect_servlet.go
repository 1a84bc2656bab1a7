package sandbox

import (
	"net/http"
	"slices"
)

var connectModules = []string{"clockwork-timers", "log-work-dialog", "clockwork-mywork", "clockwork-api-tokens"}

// serveServlet answers with the servlet's JSON. A backend needs only its contextJwt.
// Without classifier=json the answer is the page around Clockwork's frame.
func (s *Sandbox) serveServlet(w http.ResponseWriter, r *http.Request) {
	module := r.PathValue("module")
	if s.Switches().ConnectGone || !slices.Contains(connectModules, module) {
		writeHTML(w, http.StatusNotFound, "Oops, you've found a dead link. - Jira")
		return
	}
	if err := r.ParseForm(); err != nil || r.Form.Get("classifier") != "json" {
		writeHTML(w, http.StatusOK, "Clockwork - Jira")
		return
	}
	token := s.issueContextJWT(s.creds.AccountID)
	writeJSON(w, http.StatusOK, map[string]any{
		"addon_key": "clockwork-cloud", "key": module, "uniqueKey": "clockwork-cloud__" + module,
		"origin": "https://app.clockwork.report", "hostOrigin": "https://" + s.site.Host,
		"url":         "https://app.clockwork.report/" + module + "?xdm_e=https%3A%2F%2F" + s.site.Host + "&lic=active&jwt=" + token,
		"contextPath": "", "userKey": s.creds.AccountID, "timeZone": "Europe/Berlin",
		"w": "100%", "h": "100%", "productCtx": r.Form.Get("product-context"),
		"contextJwt": token,
	})
}
