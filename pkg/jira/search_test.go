package jira_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/jira"
)

// issuesOf is a Jira's answer with issues of these keys.
func issuesOf(keys ...string) http.HandlerFunc {
	issues := []string{}
	for _, key := range keys {
		project, _, _ := strings.Cut(key, "-")
		issues = append(issues, fmt.Sprintf(`{"id":"of %s","key":%q,"fields":{"summary":"about %s","project":{"key":%q}}}`, key, key, key, project))
	}
	return answer(200, `{"issues":[`+strings.Join(issues, ",")+`],"isLast":true}`)
}

func keysOf(issues []jira.Issue) []string {
	keys := []string{}
	for _, issue := range issues {
		keys = append(keys, issue.Key)
	}
	return keys
}

func TestSearch(t *testing.T) {
	const bulk, search = "POST /issue/bulkfetch", "POST /search/jql"
	const text = `summary ~ "abc*" ORDER BY updated DESC`
	none, found, byKey := issuesOf(), issuesOf("ABC-1"), issuesOf("ABC-7")
	tests := []struct {
		name     string
		query    jira.SearchQuery
		bulk     http.HandlerFunc
		search   http.HandlerFunc
		requests []string
		jql      []string
		want     []string
	}{
		{"in-progress", jira.SearchQuery{AccountID: "acc-1"}, nil, found,
			[]string{search}, []string{`assignee = "acc-1" AND statusCategory = "In Progress" ORDER BY updated DESC`}, []string{"ABC-1"}},
		{"blank-text", jira.SearchQuery{AccountID: "acc-1", Text: "  "}, nil, found,
			[]string{search}, []string{`assignee = "acc-1" AND statusCategory = "In Progress" ORDER BY updated DESC`}, []string{"ABC-1"}},
		{"words", jira.SearchQuery{AccountID: "acc-1", Text: `fix "login`}, nil, found,
			[]string{search}, []string{`summary ~ "fix login*" ORDER BY updated DESC`}, []string{"ABC-1"}},
		{"key", jira.SearchQuery{Text: "abc-7"}, byKey, nil, []string{bulk}, nil, []string{"ABC-7"}},
		{"key-then-longer-ones", jira.SearchQuery{Text: "abc-7"}, issuesOf("ABC-702", "ABC-71", "ABC-7"), nil, []string{bulk}, nil, []string{"ABC-7", "ABC-71", "ABC-702"}},
		{"beginning-of-a-key", jira.SearchQuery{Text: "abc-7", MaxResults: 1}, issuesOf("ABC-702", "ABC-71"), nil, []string{bulk}, nil, []string{"ABC-71"}},
		{"key-of-a-moved-issue", jira.SearchQuery{Text: "abc-7"}, issuesOf("ABC-70", "NEW-3"), nil, []string{bulk}, nil, []string{"NEW-3", "ABC-70"}},
		{"key-with-a-space", jira.SearchQuery{Text: "abc 7"}, byKey, nil, []string{bulk}, nil, []string{"ABC-7"}},
		{"key-without-a-hyphen", jira.SearchQuery{Text: "abc7"}, byKey, nil, []string{bulk}, nil, []string{"ABC-7"}},
		{"unknown-key", jira.SearchQuery{Text: "abc-99"}, none, found,
			[]string{bulk, search}, []string{`summary ~ "abc 99*" ORDER BY updated DESC`}, []string{"ABC-1"}},
		{"project", jira.SearchQuery{Text: "abc"}, nil, found,
			[]string{search}, []string{`project = "ABC" OR ` + text}, []string{"ABC-1"}},
		{"half-a-key", jira.SearchQuery{Text: "abc-"}, nil, found,
			[]string{search}, []string{`project = "ABC" OR ` + text}, []string{"ABC-1"}},
		{"key-as-pasted", jira.SearchQuery{Text: "\u200babc–7"}, byKey, nil, []string{bulk}, nil, []string{"ABC-7"}},
		{"link", jira.SearchQuery{Text: "https://acme.example.test/browse/ABC-7?x=1"}, byKey, nil, []string{bulk}, nil, []string{"ABC-7"}},
		{"link-of-a-board", jira.SearchQuery{Text: "https://acme.example.test/boards"}, nil, found,
			[]string{search}, []string{`summary ~ "https acme.example.test boards*" ORDER BY updated DESC`}, []string{"ABC-1"}},
		{"link-of-an-issue-on-a-board", jira.SearchQuery{Text: "https://acme.example.test/boards/1?selectedIssue=ABC-7"}, byKey, nil, []string{bulk}, nil, []string{"ABC-7"}},
		{"only-operators", jira.SearchQuery{Text: "**"}, nil, nil, nil, nil, []string{}},
		{"number", jira.SearchQuery{AccountID: "acc-1", Text: "31"}, issuesOf("OPS-31", "ABC-312", "ABC-31"), issuesOf("ABC-1", "OPS-31", "ABC-2", "WEB-311"),
			[]string{search, bulk}, []string{`assignee = "acc-1" OR worklogAuthor = "acc-1" OR summary ~ "31*" ORDER BY updated DESC`}, []string{"ABC-31", "OPS-31", "ABC-312", "WEB-311"}},
		{"number-in-no-project", jira.SearchQuery{AccountID: "acc-1", Text: "31"}, nil, none,
			[]string{search}, []string{`assignee = "acc-1" OR worklogAuthor = "acc-1" OR summary ~ "31*" ORDER BY updated DESC`}, []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{bulk: orFail(t, tt.bulk), search: orFail(t, tt.search)})
			got, err := r.Search(t.Context(), tt.query)
			require.NoError(t, err)
			assert.Equal(t, tt.want, keysOf(got))
			assert.Equal(t, tt.requests, r.requests)
			assert.Equal(t, tt.jql, r.jql(t))
		})
	}
}

func TestSearchShowsOwnProjectsFirst(t *testing.T) {
	own, broken := issuesOf("OPS-3", "WEB-1"), false
	r := newRig(t, map[string]http.HandlerFunc{"POST /search/jql": func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		assert.NoError(t, err)
		switch {
		case !strings.Contains(string(body), "worklogAuthor"):
			issuesOf("ABC-1", "OPS-9", "ABC-2", "WEB-4", "OPS-8")(w, req)
		case broken:
			answer(500, "")(w, req)
		default:
			own(w, req)
		}
	}})
	search := func(account string, most int) []string {
		found, err := r.Search(t.Context(), jira.SearchQuery{AccountID: account, Text: "backups of", MaxResults: most})
		require.NoError(t, err)
		return keysOf(found)
	}
	assert.Equal(t, []string{"OPS-9", "WEB-4", "OPS-8", "ABC-1", "ABC-2"}, search("acc-1", 10))
	assert.Equal(t, []string{"OPS-9", "WEB-4"}, search("acc-1", 2))
	assert.Len(t, r.requests, 3, "the projects are remembered")
	assert.Equal(t, []string{"ABC-1", "OPS-9", "ABC-2", "WEB-4", "OPS-8"}, search("", 10), "of nobody")
	broken = true
	assert.Equal(t, []string{"ABC-1", "OPS-9", "ABC-2", "WEB-4", "OPS-8"}, search("acc-2", 10), "an order is worth no error")
}

// What Jira refuses is asked for again without the clause that it may have refused.
func TestSearchAgain(t *testing.T) {
	for _, tt := range []struct {
		name, refused, message string
		query                  jira.SearchQuery
	}{
		{"no-time-tracking", "worklogAuthor", "Field 'worklogAuthor' does not exist.", jira.SearchQuery{AccountID: "acc-1", Text: "31"}},
		{"unknown-project", "project", "The value 'LOGIN' does not exist for the field 'project'.", jira.SearchQuery{Text: "login"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"POST /search/jql": func(w http.ResponseWriter, req *http.Request) {
				var in struct{ JQL string }
				assert.NoError(t, json.NewDecoder(req.Body).Decode(&in))
				if strings.Contains(in.JQL, tt.refused) {
					answer(400, fmt.Sprintf(`{"errorMessages":[%q]}`, tt.message))(w, req)
					return
				}
				assert.Contains(t, in.JQL, `summary ~ "`+tt.query.Text+`*"`)
				issuesOf("ABC-1")(w, req)
			}})
			got, err := r.Search(t.Context(), tt.query)
			require.NoError(t, err)
			assert.Equal(t, []string{"ABC-1"}, keysOf(got))
			assert.Len(t, r.requests, 2)
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
		}
		if in.JQL != "" {
			all = append(all, in.JQL)
		}
	}
	return all
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
	r := newRig(t, map[string]http.HandlerFunc{"POST /issue/bulkfetch": answer(401, "")})
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
	assert.Equal(t, []string{"ABC-9", "ABC-1", "ABC-2"}, keysOf(got))
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
