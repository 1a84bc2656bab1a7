package sandbox

import (
	"net/http"

	"github.com/clockwork-timer/backend/pkg/secret"
)

const (
	textClientMustAuthenticate = "Client must be authenticated to access this resource."
	textBadPayload             = "Invalid request payload. Refer to the REST API documentation and try again."
	textNoIssue                = "Issue does not exist or you do not have permission to see it."
)

// Jira plays the Jira Cloud site: its REST API, the Connect servlet and the GraphQL
// gateway.
func (s *Sandbox) Jira() http.Handler {
	mux := http.NewServeMux()
	const api = "/rest/api/3"
	s.handle(mux, "GET "+api+"/myself", "jira.myself", s.asUser(s.serveMyself, mustAuthenticate))
	s.handle(mux, "GET "+api+"/user", "jira.user", s.asUser(s.serveUser, mustAuthenticate))
	s.handle(mux, "GET "+api+"/user/bulk", "jira.user_bulk", s.asUser(s.serveUserBulk, mustAuthenticate))
	s.handle(mux, "GET "+api+"/user/search", "jira.user_search", s.asUser(s.serveUserSearch, answerEmpty([]any{})))
	s.handle(mux, "GET "+api+"/issue/{idOrKey}", "jira.issue", s.asUser(s.serveIssue, hideIssue))
	s.handle(mux, "POST "+api+"/issue/bulkfetch", "jira.issue_bulkfetch",
		s.asUser(s.serveBulkFetch, answerEmpty(map[string]any{"issues": []any{}, "issueErrors": []any{}})))
	s.handle(mux, "POST "+api+"/search/jql", "jira.search_jql",
		s.asUser(s.serveSearch, answerEmpty(map[string]any{"issues": []any{}, "isLast": true})))
	s.handle(mux, "GET /_edge/tenant_info", "jira.tenant_info", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"cloudId": s.site.CloudID})
	})
	s.handle(mux, "POST /plugins/servlet/ac/clockwork-cloud/{module}", "connect.servlet", s.withSession("redirect", s.serveServlet))
	mux.HandleFunc("POST /gateway/api/graphql", s.serveGraphQL)
	s.handle(mux, "/", "jira.unknown", func(w http.ResponseWriter, _ *http.Request) {
		writeHTML(w, http.StatusNotFound, "Oops, you've found a dead link. - Jira")
	})
	return mux
}

// asUser checks Basic credentials. Jira treats wrong credentials as none: what an
// anonymous caller gets depends on the endpoint, and only a header says why.
func (s *Sandbox) asUser(h, anonymous http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		email, token, ok := r.BasicAuth()
		switch {
		case ok && email == s.creds.AtlassianEmail && secret.New(token).Equal(s.creds.AtlassianAPIToken):
			h(w, r)
		case r.Header.Get("Authorization") != "":
			w.Header().Set("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
			anonymous(w, r)
		default:
			anonymous(w, r)
		}
	}
}

func mustAuthenticate(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte(textClientMustAuthenticate))
}

func answerEmpty(body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, body) }
}

func hideIssue(w http.ResponseWriter, _ *http.Request) {
	writeJiraError(w, http.StatusNotFound, textNoIssue)
}

func writeJiraError(w http.ResponseWriter, status int, texts ...string) {
	writeJSON(w, status, map[string]any{"errorMessages": texts, "errors": map[string]string{}})
}
