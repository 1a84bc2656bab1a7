package jira_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/jira"
)

func oneIssue(key string) string {
	return fmt.Sprintf(`{"issues":[{"id":"1","key":%q,"fields":{}}],"isLast":true}`, key)
}

func TestSearch(t *testing.T) {
	const text = `summary ~ "abc*" ORDER BY updated DESC`
	found := answer(200, oneIssue("ABC-1"))
	tests := []struct {
		name    string
		query   jira.SearchQuery
		issue   http.HandlerFunc
		search  http.HandlerFunc
		want    []string // requests
		wantJQL []string
	}{
		{"in-progress", jira.SearchQuery{AccountID: "acc-1"}, nil, found,
			[]string{"POST /search/jql"}, []string{`assignee = "acc-1" AND statusCategory = "In Progress" ORDER BY updated DESC`}},
		{"blank-text", jira.SearchQuery{AccountID: "acc-1", Text: "  "}, nil, found,
			[]string{"POST /search/jql"}, []string{`assignee = "acc-1" AND statusCategory = "In Progress" ORDER BY updated DESC`}},
		{"words", jira.SearchQuery{AccountID: "acc-1", Text: `fix "login`}, nil, found,
			[]string{"POST /search/jql"}, []string{`summary ~ "fix login*" ORDER BY updated DESC`}},
		{"key", jira.SearchQuery{Text: "abc-7"}, answer(200, testdata(t, "issue.json")), nil,
			[]string{"GET /issue/ABC-7"}, nil},
		{"unknown-key", jira.SearchQuery{Text: "abc-99"}, answer(404, ""), found,
			[]string{"GET /issue/ABC-99", "POST /search/jql"}, []string{`summary ~ "abc 99*" ORDER BY updated DESC`}},
		{"project", jira.SearchQuery{Text: "abc"}, nil, found,
			[]string{"POST /search/jql"}, []string{`project = "ABC" OR ` + text}},
		{"half-a-key", jira.SearchQuery{Text: "abc-"}, nil, found,
			[]string{"POST /search/jql"}, []string{`project = "ABC" OR ` + text}},
		{"key-as-pasted", jira.SearchQuery{Text: "\u200babc–7"}, answer(200, testdata(t, "issue.json")), nil,
			[]string{"GET /issue/ABC-7"}, nil},
		{"link", jira.SearchQuery{Text: "https://acme.example.test/browse/ABC-7?x=1"}, answer(200, testdata(t, "issue.json")), nil,
			[]string{"GET /issue/ABC-7"}, nil},
		{"link-of-a-board", jira.SearchQuery{Text: "https://acme.example.test/boards"}, nil, found,
			[]string{"POST /search/jql"}, []string{`summary ~ "https acme.example.test boards*" ORDER BY updated DESC`}},
		{"only-operators", jira.SearchQuery{Text: "**"}, nil, nil, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"GET /issue/{key}": orFail(t, tt.issue), "POST /search/jql": orFail(t, tt.search)})
			got, err := r.Search(t.Context(), tt.query)
			require.NoError(t, err)
			assert.NotNil(t, got)
			assert.Len(t, got, min(1, len(tt.want)))
			assert.Equal(t, tt.want, r.requests)
			assert.Equal(t, tt.wantJQL, r.jql(t))
		})
	}
}

func orFail(t *testing.T, h http.HandlerFunc) http.HandlerFunc {
	if h != nil {
		return h
	}
	return func(_ http.ResponseWriter, req *http.Request) { t.Errorf("unexpected %s %s", req.Method, req.URL.Path) }
}

// jql lists the queries that the server got.
func (r *rig) jql(t *testing.T) []string {
	var all []string
	for _, body := range r.bodies {
		var in struct{ JQL string }
		if body != "" {
			require.NoError(t, json.Unmarshal([]byte(body), &in))
			all = append(all, in.JQL)
		}
	}
	return all
}

func TestSearchOfAnUnknownProjectTriesTheTextAlone(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"POST /search/jql": func(w http.ResponseWriter, req *http.Request) {
		var in struct{ JQL string }
		assert.NoError(t, json.NewDecoder(req.Body).Decode(&in))
		if in.JQL != `summary ~ "login*" ORDER BY updated DESC` {
			answer(400, `{"errorMessages":["The value 'LOGIN' does not exist for the field 'project'."]}`)(w, req)
			return
		}
		answer(200, oneIssue("ABC-1"))(w, req)
	}})
	got, err := r.Search(t.Context(), jira.SearchQuery{Text: "login"})
	require.NoError(t, err)
	assert.Len(t, got, 1)
	assert.Len(t, r.requests, 2)
}

func TestSearchFailures(t *testing.T) {
	tests := []struct {
		name   string
		text   string
		status int
		calls  int
	}{
		{"refused-twice", "login", 400, 2},
		{"refused-without-project-clause", "fix login", 400, 1},
		{"forbidden", "login", 403, 1},
		{"gone", "fix login", 410, 1},
		{"down-read-again", "fix login", 503, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"POST /search/jql": answer(tt.status, "")})
			_, err := r.Search(t.Context(), jira.SearchQuery{Text: tt.text})
			assert.Equal(t, tt.status, asError(t, err).Status)
			assert.Len(t, r.requests, tt.calls)
		})
	}
}

func TestSearchKeepsAnErrorOfTheKeyLookup(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"GET /issue/{key}": answer(401, "")})
	_, err := r.Search(t.Context(), jira.SearchQuery{Text: "ABC-7"})
	assert.Equal(t, 401, asError(t, err).Status)
}

func TestSearchRefusesALinkOfAnotherSite(t *testing.T) {
	_, err := newRig(t, nil).Search(t.Context(), jira.SearchQuery{AccountID: "a", Text: "https://other.example.test/browse/ABC-7"})
	assert.ErrorIs(t, err, jira.ErrOtherSite)
}

func TestSearchNeedsSomething(t *testing.T) {
	_, err := newRig(t, nil).Search(t.Context(), jira.SearchQuery{})
	assert.ErrorIs(t, err, jira.ErrNothingToSearch)
}

// A list that goes round in a circle ends, with each issue once.
func TestSearchPagesInACircle(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"POST /search/jql": func(w http.ResponseWriter, req *http.Request) {
		var in struct{ NextPageToken string }
		assert.NoError(t, json.NewDecoder(req.Body).Decode(&in))
		page := map[string][2]string{"": {"ABC-1", "t1"}, "t1": {"ABC-2", "t2"}, "t2": {"ABC-1", "t1"}}[in.NextPageToken]
		_, _ = fmt.Fprintf(w, `{"issues":[{"id":"9","key":"ABC-9"},{"id":"1","key":%q}],"nextPageToken":%q}`, page[0], page[1])
	}})
	got, err := r.Search(t.Context(), jira.SearchQuery{AccountID: "a", MaxResults: 50})
	require.NoError(t, err)
	var keys []string
	for _, issue := range got {
		keys = append(keys, issue.Key)
	}
	assert.Equal(t, []string{"ABC-9", "ABC-1", "ABC-2"}, keys)
	assert.Len(t, r.requests, 3)
}

func TestSearchPages(t *testing.T) {
	tests := []struct {
		name      string
		next      func(page int) string
		max       int
		wantCalls int
		wantLen   int
	}{
		{"until-no-token", func(page int) string { return []string{"t1", "t2", ""}[page] }, 50, 3, 3},
		{"until-enough", func(page int) string { return fmt.Sprint("t", page) }, 2, 2, 2},
		{"token-repeats", func(int) string { return "t" }, 50, 2, 2},
		{"endless", func(page int) string { return fmt.Sprint("t", page) }, 50, 5, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := 0
			r := newRig(t, map[string]http.HandlerFunc{"POST /search/jql": func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprintf(w, `{"issues":[{"id":"1","key":"ABC-%d"}],"nextPageToken":%q}`, page, tt.next(page))
				page++
			}})
			got, err := r.Search(t.Context(), jira.SearchQuery{AccountID: "a", MaxResults: tt.max})
			require.NoError(t, err)
			assert.Len(t, got, tt.wantLen)
			assert.Len(t, r.requests, tt.wantCalls)
		})
	}
}
