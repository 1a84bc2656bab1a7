package sandbox_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox"
)

func TestJiraCredentials(t *testing.T) {
	f := start(t, sandbox.Options{})
	const anonymous, wrong, right = "", "wrong", "right"
	for _, test := range []struct {
		name, credential, method, path, body string
		wantStatus                           int
		wantText                             string
		wantReason                           string
	}{
		{name: "myself", credential: right, path: "/myself", wantStatus: 200, wantText: f.creds.AtlassianEmail},
		{name: "myself-wrong", credential: wrong, path: "/myself", wantStatus: 401, wantText: "Client must be authenticated", wantReason: "AUTHENTICATED_FAILED"},
		{name: "myself-anonymous", credential: anonymous, path: "/myself", wantStatus: 401},
		{name: "issue-wrong", credential: wrong, path: "/issue/MOB-88", wantStatus: 404, wantText: "Issue does not exist or you do not have permission", wantReason: "AUTHENTICATED_FAILED"},
		{name: "issue-anonymous", credential: anonymous, path: "/issue/MOB-88", wantStatus: 404},
		{name: "search-wrong", credential: wrong, method: "POST", path: "/search/jql", body: `{"jql":"project = MOB"}`, wantStatus: 200, wantText: `"issues":[]`, wantReason: "AUTHENTICATED_FAILED"},
		{name: "user-search-wrong", credential: wrong, path: "/user/search?query=linh", wantStatus: 200, wantText: "[]", wantReason: "AUTHENTICATED_FAILED"},
		{name: "bulkfetch-wrong", credential: wrong, method: "POST", path: "/issue/bulkfetch", body: `{"issueIdsOrKeys":["MOB-88"]}`, wantStatus: 200, wantText: `"issues":[]`, wantReason: "AUTHENTICATED_FAILED"},
		{name: "unknown-path", credential: right, path: "/permissions", wantStatus: 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := map[string][]string{
				wrong: {"Authorization", basic(f.creds.AtlassianEmail, "wrong")},
				right: {"Authorization", basic(f.creds.AtlassianEmail, f.creds.AtlassianAPIToken.Reveal())},
			}[test.credential]

			got := do(t, cmp.Or(test.method, http.MethodGet), f.JiraURL+"/rest/api/3"+test.path, test.body, header...)

			assert.Equal(t, test.wantStatus, got.status)
			assert.Contains(t, got.text, test.wantText)
			assert.Equal(t, test.wantReason, got.header.Get("X-Seraph-LoginReason"))
		})
	}
	assert.Equal(t, http.StatusOK, do(t, http.MethodGet, f.JiraURL+"/_edge/tenant_info", "").status, "needs no credentials")
}

func TestJiraUsers(t *testing.T) {
	f := start(t, sandbox.Options{})
	linh, noah := f.person(t, "Linh Tran"), f.person(t, "Noah Fischer")
	query := func(q string) answer { return f.jira(t, http.MethodGet, "/user/search?query="+url.QueryEscape(q), "") }

	got := f.jira(t, http.MethodGet, "/user?accountId="+url.QueryEscape(linh.AccountID), "")
	assert.Equal(t, linh.Email, got.at("emailAddress"))
	assert.Equal(t, "Asia/Ho_Chi_Minh", got.at("timeZone"))
	hidden := f.jira(t, http.MethodGet, "/user?accountId="+url.QueryEscape(noah.AccountID), "")
	assert.NotContains(t, hidden.json, "emailAddress")
	assert.Equal(t, http.StatusNotFound, f.jira(t, http.MethodGet, "/user?accountId=nobody", "").status)
	assert.Equal(t, http.StatusBadRequest, f.jira(t, http.MethodGet, "/user?accountId="+strings.Repeat("x", 129), "").status)

	assert.Equal(t, 1, query(linh.Email).len())
	assert.Equal(t, 1, query("linh").len())
	assert.Equal(t, 1, query("TRAN").len(), "each word of the name")
	assert.Equal(t, 0, query("ran").len(), "beginnings only")
	assert.Equal(t, 0, query(noah.Email).len(), "hidden")
	assert.Equal(t, 1, query("Noah").len())
	assert.Equal(t, http.StatusBadRequest, query("").status)

	_, err := f.AddPerson(sandbox.Person{AccountID: linh.AccountID, DisplayName: linh.DisplayName, Inactive: true})
	require.NoError(t, err)
	assert.Equal(t, 0, query("linh").len(), "only active users")
}

func TestUserBulkPages(t *testing.T) {
	f := start(t, sandbox.Options{})
	q := url.Values{"accountId": {"nobody"}}
	for _, p := range f.People() {
		q.Add("accountId", p.AccountID)
	}
	first := f.jira(t, http.MethodGet, "/user/bulk?"+q.Encode(), "")
	assert.Equal(t, 10, first.len("values"), "ten by default")
	assert.Equal(t, false, first.at("isLast"))
	assert.InDelta(t, 12, first.at("total"), 0)
	rest := f.jira(t, http.MethodGet, "/user/bulk?startAt=10&"+q.Encode(), "")
	assert.Equal(t, 2, rest.len("values"))
	assert.Equal(t, true, rest.at("isLast"))
	all := f.jira(t, http.MethodGet, "/user/bulk?maxResults=200&"+q.Encode(), "")
	assert.Equal(t, 12, all.len("values"))
	assert.Equal(t, http.StatusBadRequest, f.jira(t, http.MethodGet, "/user/bulk", "").status)
	assert.Equal(t, http.StatusBadRequest, f.jira(t, http.MethodGet, "/user/bulk?accountId=a&maxResults=x", "").status)
}

func TestJiraIssue(t *testing.T) {
	f := start(t, sandbox.Options{})
	got := f.jira(t, http.MethodGet, "/issue/MOB-88?fields=summary,status,priority,assignee,project", "")
	require.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, "MOB-88", got.at("key"))
	assert.Equal(t, "Barcode scanner misses damaged labels", got.at("fields", "summary"))
	assert.Equal(t, "indeterminate", got.at("fields", "status", "statusCategory", "key"))
	assert.Equal(t, "Driver App", got.at("fields", "project", "name"))
	assert.Equal(t, "Aiko Tanaka", got.at("fields", "assignee", "displayName"))
	assert.NotContains(t, got.at("fields"), "updated")
	assert.Contains(t, f.jira(t, http.MethodGet, "/issue/MOB-88", "").at("fields"), "updated")
	bare := f.jira(t, http.MethodGet, "/issue/PORTAL-320?fields=priority,assignee", "")
	assert.Equal(t, map[string]any{"priority": nil, "assignee": nil}, bare.at("fields"))

	id := got.at("id").(string)
	for path, want := range map[string]int{
		"/issue/" + id: 200, "/issue/mob-88": 200, "/issue/MOB-9999": 404, "/issue/1": 404, "/issue/x": 404,
		"/issue/MOB-88%2F..%2F..%2Fmyself": 404, "/issue/MOB-88%3Ffields=x": 404,
	} {
		assert.Equal(t, want, f.jira(t, http.MethodGet, path, "").status, path)
	}

	moved, err := f.MoveIssue("MOB-88", "OPS-70")
	require.NoError(t, err)
	assert.Equal(t, "Platform Operations", moved.Project.Name)
	assert.Equal(t, "OPS-70", f.jira(t, http.MethodGet, "/issue/MOB-88", "").at("key"))
}

func TestBulkFetch(t *testing.T) {
	f := start(t, sandbox.Options{})
	fetch := func(ids []string) answer {
		return f.jira(t, http.MethodPost, "/issue/bulkfetch", encode(t, map[string]any{"issueIdsOrKeys": ids, "fields": []string{"summary"}}))
	}
	many := make([]string, 101)
	for n := range many {
		many[n] = "MOB-" + strconv.Itoa(n+1)
	}

	got := fetch([]string{"MOB-88", "NOPE-1", "BILL-214", "MOB-88"})
	assert.Equal(t, 2, got.len("issues"), "unknown ones and repetitions left out")
	assert.Zero(t, got.len("issueErrors"))
	assert.Equal(t, "BILL-214", got.at("issues", 1, "key"))
	assert.Equal(t, http.StatusOK, fetch(many[:100]).status)
	assert.Equal(t, http.StatusBadRequest, fetch(many).status)
	assert.Equal(t, http.StatusBadRequest, fetch(nil).status)
	assert.Equal(t, http.StatusBadRequest, f.jira(t, http.MethodPost, "/issue/bulkfetch", "[").status)
}

func TestJQL(t *testing.T) {
	f := start(t, sandbox.Options{})
	linh := f.person(t, "Linh Tran").AccountID
	const latest, unknown = ` ORDER BY updated DESC`, "only the queries that the product sends"
	for _, test := range []struct {
		name, jql string
		want      string // keys, or the error's text
		status    int
	}{
		{"in-progress", `assignee = "` + linh + `" AND statusCategory = "In Progress"` + latest, "PORTAL-312", 200},
		{"summary-prefix", `summary ~ "barc*"` + latest, "MOB-88", 200},
		{"summary-words", `summary ~ "the gps"` + latest, "MOB-90", 200},
		{"summary-no-prefix", `summary ~ "barc"` + latest, "", 200},
		{"project-or-summary", `project = "bill" OR summary ~ "barc*"` + latest, "BILL-211 BILL-216 MOB-88 BILL-203 BILL-214 BILL-206 BILL-190 BILL-217 BILL-197 BILL-219 BILL-209", 200},

		{"worked-on-or-summary", `assignee = "` + linh + `" OR worklogAuthor = "` + linh + `" OR summary ~ "barc*"` + latest, "OPS-64 MOB-88 PORTAL-312 PORTAL-308 PORTAL-287", 200},
		{"worked-on-by-nobody", `assignee = "` + linh + `" OR worklogAuthor = "nobody" OR summary ~ "barc*"` + latest, `The value 'nobody' does not exist for the field 'worklogAuthor'.`, 400},
		{"worked-on-and-more", `assignee = "` + linh + `" OR worklogAuthor = "` + linh + `" OR summary ~ "barc*" OR project = "MOB"` + latest, unknown, 400},

		{"unknown-account", `assignee = "nobody" AND statusCategory = "In Progress"` + latest, `The value 'nobody' does not exist for the field 'assignee'.`, 400},
		{"unknown-project", `project = "SECRET"` + latest, `The value 'SECRET' does not exist`, 400},
		{"empty", ``, unknown, 400},
		{"only-order", latest, unknown, 400},
		{"no-order", `summary ~ "barc*"`, unknown, 400},
		{"another-field", `status = "Testing"` + latest, unknown, 400},
		{"open-string", `summary ~ "abc` + latest, unknown, 400},
		{"line-break-in-string", "summary ~ \"a\nb\"" + latest, unknown, 400},
		{"illegal-escape", `summary ~ "a\:b"` + latest, unknown, 400},
		{"two-clauses-without-or", `project = "MOB"summary ~ "abc"` + latest, unknown, 400},
		{"or-without-a-clause", `project = "MOB" OR ` + latest, unknown, 400},
		{"empty-text", `summary ~ ""` + latest, `Unable to parse the text`, 400},
		{"leading-wildcard", `summary ~ "*code"` + latest, `Unable to parse the text`, 400},
		{"text-operator", `summary ~ "a AND b"` + latest, `Unable to parse the text`, 400},

		// What a search box would send if it did not escape its text, or if it did not
		// know the text search's operators.
		{"injected-clause", `summary ~ "barc*" OR project = "MOB"` + latest, unknown, 400},
		{"injected-clause-in-an-author", `assignee = "` + linh + `" OR worklogAuthor = "x" OR project = "MOB" OR summary ~ "a"` + latest, unknown, 400},
		{"injected-clause-in-an-account", `assignee = "x" OR assignee is not EMPTY` + latest, unknown, 400},
		{"injected-order", `summary ~ "barc*" ORDER BY key` + latest, unknown, 400},
		{"injection-escaped", `summary ~ "x\" OR project = MOB"` + latest, `Unable to parse the text`, 400},
		{"injection-cleaned", `summary ~ "x or project mob*"` + latest, "", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := encode(t, map[string]any{"jql": test.jql, "fields": []string{"summary"}})
			got := f.jira(t, http.MethodPost, "/search/jql", body)

			assert.Equal(t, test.status, got.status, got.text)
			if test.status != http.StatusOK {
				assert.Contains(t, got.at("errorMessages", 0), test.want)
				return
			}
			var keys []string
			for i := range got.len("issues") {
				keys = append(keys, got.at("issues", i, "key").(string))
			}
			assert.Equal(t, test.want, strings.Join(keys, " "))
			assert.NotContains(t, got.json, "total")
		})
	}
}

func FuzzJQLNeverPanics(f *testing.F) {
	for _, seed := range []string{`project = "A" OR summary ~ "a\\:b*" ORDER BY updated DESC`, `assignee = "\"" AND statusCategory = "In Progress" ORDER BY updated DESC`, `"\u00e4`, `a=`} {
		f.Add(seed)
	}
	s := sandbox.New(sandbox.Options{Clock: fixedClock})
	h := s.Jira()
	auth := basic(s.Credentials().AtlassianEmail, s.Credentials().AtlassianAPIToken.Reveal())
	f.Fuzz(func(t *testing.T, jql string) {
		r := httptest.NewRequest(http.MethodPost, "/rest/api/3/search/jql", strings.NewReader(encode(t, map[string]any{"jql": jql})))
		r.Header.Set("Authorization", auth)
		got := httptest.NewRecorder()
		h.ServeHTTP(got, r)
		assert.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, got.Code)
	})
}

func TestSearchPages(t *testing.T) {
	f := start(t, sandbox.Options{})
	const jql = `project = "PORTAL" ORDER BY updated DESC`
	page := func(token string, size any) answer {
		return f.jira(t, http.MethodPost, "/search/jql", encode(t, map[string]any{"jql": jql, "maxResults": size, "nextPageToken": token}))
	}
	seen, token, pages := map[any]bool{}, "", 0
	for last := false; !last; pages++ {
		got := page(token, 4)
		require.Equal(t, http.StatusOK, got.status)
		for i := range got.len("issues") {
			assert.Len(t, got.at("issues", i), 1, "only the id by default")
			seen[got.at("issues", i, "id")] = true
		}
		token, _ = got.at("nextPageToken").(string)
		last = got.at("isLast").(bool)
		assert.Equal(t, last, token == "")
	}
	assert.Len(t, seen, 10)
	assert.Equal(t, 3, pages)

	token = page("", 4).at("nextPageToken").(string)
	other := f.jira(t, http.MethodPost, "/search/jql", encode(t, map[string]any{"jql": `project = "MOB" ORDER BY updated DESC`, "nextPageToken": token}))
	assert.Equal(t, http.StatusBadRequest, other.status, "the token is valid for its query only")
	assert.Equal(t, http.StatusBadRequest, page("not a token", 8).status)
	assert.Equal(t, http.StatusBadRequest, page("", 0).status)
	f.clock.Advance(8 * 24 * 60 * 60 * 1e9)
	assert.Equal(t, http.StatusBadRequest, page(token, 8).status, "valid for seven days")
}
