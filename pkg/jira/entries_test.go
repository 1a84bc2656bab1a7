package jira_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/jira"
)

// Each list leaves one odd entry out, says so in the log, and keeps the rest.
func TestListsLeaveUnreadableEntriesOut(t *testing.T) {
	const (
		issue = `{"id":"1","key":"ABC-1","fields":{"summary":"s"}}`
		user  = `{"accountId":"acc-1","displayName":"Linh","emailAddress":"linh@example.test","active":true}`
	)
	oddIssues := []string{`7`, `{"id":2,"key":"ABC-2"}`, `{"id":"2","key":"ABC-2","fields":{"summary":{}}}`, `{"id":"2","key":"ABC-2","fields":[]}`}
	oddUsers := []string{`"gone"`, `{"accountId":{}}`, `{"accountId":"acc-2","active":"yes"}`, `{"accountId":"acc-2","avatarUrls":"x"}`}
	tests := []struct {
		name, route, body, good string
		odd                     []string
		found                   func(r *rig) (int, error)
	}{
		{"issues", "POST /issue/bulkfetch", `{"issues":[ODD,GOOD]}`, issue, oddIssues, func(r *rig) (int, error) {
			found, err := r.Issues(t.Context(), []string{"ABC-1", "ABC-2"})
			return len(found) / 2, err // by id and by key
		}},
		{"search", "POST /search/jql", `{"issues":[GOOD,ODD],"isLast":true}`, issue, oddIssues, func(r *rig) (int, error) {
			found, err := r.Search(t.Context(), jira.SearchQuery{AccountID: "acc-1"})
			return len(found), err
		}},
		{"users", "GET /user/bulk", `{"values":[ODD,GOOD],"total":2}`, user, oddUsers, func(r *rig) (int, error) {
			found, err := r.Users(t.Context(), []string{"acc-1", "acc-2"})
			return len(found), err
		}},
		{"find-by-e-mail", "GET /user/search", `[ODD,GOOD]`, user, oddUsers, func(r *rig) (int, error) {
			_, err := r.FindUser(t.Context(), "linh@example.test")
			return 1, err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, odd := range tt.odd {
				r := newRig(t, map[string]http.HandlerFunc{tt.route: answer(200, strings.NewReplacer("ODD", odd, "GOOD", tt.good).Replace(tt.body))})
				found, err := tt.found(r)
				require.NoError(t, err, odd)
				assert.Equal(t, 1, found, odd)
				assert.Contains(t, r.log.String(), "unreadable=1", odd)

				r = newRig(t, map[string]http.HandlerFunc{tt.route: answer(200, strings.NewReplacer("ODD", odd, "GOOD", odd).Replace(tt.body))})
				_, err = tt.found(r)
				assert.Error(t, err, "nothing but %s", odd)
			}
		})
	}
}

// An entry that cannot be read may be of the person who was meant.
func TestFindUserDoesNotGuessBesideAnUnreadableEntry(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"GET /user/search": answer(200, `[{"accountId":"acc-1","displayName":"Linh Le","active":true},{"accountId":7}]`)})
	_, err := r.FindUser(t.Context(), "Linh")
	assert.ErrorIs(t, err, jira.ErrNotFound)
}
