package jira_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/golden"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

func TestIssueJSON(t *testing.T) {
	for _, name := range []string{"issue", "issue_bare"} {
		t.Run(strings.ReplaceAll(name, "_", "-"), func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"GET /issue/{key}": func(w http.ResponseWriter, req *http.Request) {
				assert.Equal(t, "summary,status,priority,assignee,project", req.URL.Query().Get("fields"))
				answer(200, testdata(t, name+".json"))(w, req)
			}})
			got, err := r.Issue(t.Context(), " abc-7 ")
			require.NoError(t, err)
			assert.Equal(t, []string{"GET /issue/ABC-7"}, r.requests)
			golden.JSON(t, name+".golden.json", got)
		})
	}
}

func TestIssueRefusals(t *testing.T) {
	denied := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
			answer(status, testdata(t, "issue.json"))(w, req)
		}
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    upstream.Error
		missing bool
	}{
		{"missing", answer(404, `{"errorMessages":["Issue does not exist."],"errors":{}}`), upstream.Error{Status: 404, Message: "Issue does not exist."}, true},
		{"bad-credential", answer(401, "Client must be authenticated"), upstream.Error{Status: 401, Code: "AUTH_FAILED"}, false},
		{"forbidden", answer(403, `{"errorMessages":[],"errors":{"b":"two","a":"one"}}`), upstream.Error{Status: 403, Message: "a: one b: two"}, true},
		{"denied-login", denied(403), upstream.Error{Status: 403, Code: "AUTH_FAILED"}, false},
		{"missing-without-a-word", answer(404, ""), upstream.Error{Status: 404}, true},
		{"page-of-another-server", answer(404, "<html>dead link</html>"), upstream.Error{Status: 404, Code: "BAD_BODY"}, false},
		{"text-of-another-server", answer(404, "404 page not found"), upstream.Error{Status: 404, Code: "BAD_BODY"}, false},
		{"forbidden-by-a-page", answer(403, "<html>Blocked</html>"), upstream.Error{Status: 403, Code: "BAD_BODY"}, false},
		{"bad-credential-with-200", denied(200), upstream.Error{Status: 200, Code: "AUTH_FAILED"}, false},
		{"bad-credential-with-404", denied(404), upstream.Error{Status: 404, Code: "AUTH_FAILED"}, false},
		{"gone", answer(410, ""), upstream.Error{Status: 410, Code: "GONE"}, false},
		{"rate-limit", answer(429, ""), upstream.Error{Status: 429}, false},
		{"down", answer(500, "<html>"), upstream.Error{Status: 500}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"GET /issue/{key}": tt.handler})
			_, err := r.Issue(t.Context(), "ABC-7")
			tt.want.Upstream, tt.want.Op = "jira", "issues.get"
			assert.Equal(t, &tt.want, asError(t, err))
			if tt.missing {
				assert.ErrorIs(t, err, jira.ErrNotFound)
			} else {
				assert.NotErrorIs(t, err, jira.ErrNotFound)
			}
			assert.Equal(t, tt.want.Status == 410, strings.Contains(r.log.String(), "removed an endpoint"))
			assert.NotContains(t, r.log.String()+err.Error(), "s3cret")
		})
	}
}

func TestIssueAnswersThatAreNone(t *testing.T) {
	for name, body := range map[string]string{"html": "<html>", "half": `{"id":"1"`, "no-key": `{"id":"1"}`, "empty": "", "list": "[]"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"GET /issue/{key}": answer(200, body)})
			_, err := r.Issue(t.Context(), "ABC-7")
			assert.Equal(t, upstream.CodeBadBody, asError(t, err).Code)
		})
	}
}

func TestIssueSendsNoInvalidKey(t *testing.T) {
	r := newRig(t, nil)
	for _, key := range []string{"", "..", "ABC-7/../../x", "a b", "ABC-7?expand=all"} {
		_, err := r.Issue(t.Context(), key)
		assert.ErrorIs(t, err, jira.ErrInvalidKey, key)
	}
}

// bulkFetch answers the issues whose id is at most max, as Jira does: others are left out.
func bulkFetch(t *testing.T, limit int) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		var in struct{ IssueIDsOrKeys, Fields []string }
		assert.NoError(t, json.NewDecoder(req.Body).Decode(&in))
		assert.LessOrEqual(t, len(in.IssueIDsOrKeys), 100)
		assert.Contains(t, in.Fields, "summary")
		var items []string
		for _, id := range in.IssueIDsOrKeys {
			if n, err := strconv.Atoi(id); err == nil && n <= limit {
				items = append(items, fmt.Sprintf(`{"id":"%d","key":"ABC-%d","fields":{"summary":"s"}}`, n, n))
			}
		}
		_, _ = fmt.Fprintf(w, `{"issues":[%s],"issueErrors":[]}`, strings.Join(items, ","))
	}
}

func TestIssuesInChunks(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"POST /issue/bulkfetch": bulkFetch(t, 240)})
	ids := []string{"../x", "", "7", "7"}
	for n := range 250 {
		ids = append(ids, strconv.Itoa(n+1))
	}
	got, err := r.Issues(t.Context(), ids)
	require.NoError(t, err)
	assert.Len(t, r.requests, 3)
	assert.Len(t, got, 2*240, "each under its id and its key")
	assert.Equal(t, got["240"], got["ABC-240"])
	assert.Equal(t, "https://acme.example.test/browse/ABC-240", got["240"].URL)
	assert.NotContains(t, got, "241")
}

func TestIssuesKeepsWhatWasFound(t *testing.T) {
	ok := bulkFetch(t, 1_000_000_000)
	r := newRig(t, map[string]http.HandlerFunc{"POST /issue/bulkfetch": func(w http.ResponseWriter, req *http.Request) {
		if req.ContentLength < 1000 { // the short last chunk
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		ok(w, req)
	}})
	var ids []string
	for n := range 110 {
		ids = append(ids, strconv.Itoa(100_000_000+n))
	}
	got, err := r.Issues(t.Context(), ids)
	assert.Equal(t, 400, asError(t, err).Status)
	assert.Len(t, got, 200, "the first hundred, each under its id and its key")

	got, err = r.Issues(t.Context(), nil)
	assert.NoError(t, err)
	assert.Empty(t, got)
}
