package jira

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// FuzzParseIssueKey: what passes has the characters of a key, fits into a path,
// and is its own spelling.
func FuzzParseIssueKey(f *testing.F) {
	for _, s := range []string{"ABC-7", " abc-7 ", "A1_B-10", "A-1", "ab-0", "10042", "ABC-7/../..", "ABC-7?x", "ſbc-1", "ABC-99999999999", "", "\ufeffＡＢＣ–７", "https://acme.atlassian.net/browse/ABC-7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if key, err := ParseIssueKey(text); err == nil {
			assert.Regexp(t, `^[A-Z][A-Z0-9_]+-[0-9]+$`, key)
			again, err := ParseIssueKey(key)
			require.NoError(t, err)
			assert.Equal(t, key, again)
		}
		if key, err := ParseListedKey(text); err == nil {
			assert.NotRegexp(t, `[\s/\\"?#%]`, key)
			again, err := ParseListedKey(key)
			require.NoError(t, err)
			assert.Equal(t, key, again)
		}
		if key, err := FromLink(text, "acme.atlassian.net"); err != nil {
			assert.Empty(t, key)
		}
		name, err := ParseIssueIDOrKey(text)
		if err != nil {
			assert.ErrorIs(t, err, ErrInvalidKey)
			return
		}
		assert.Regexp(t, `^[A-Z0-9_-]+$`, name)
		assert.LessOrEqual(t, len(name), 266)
	})
}

// fixedClauses is all that a query may hold beside its quoted strings.
var fixedClauses = regexp.MustCompile(`^(|project = Q ORDER BY updated DESC|summary ~ Q ORDER BY updated DESC|project = Q OR summary ~ Q ORDER BY updated DESC)$`)

// FuzzMatching: nothing that a person types adds a clause.
func FuzzMatching(f *testing.F) {
	for _, s := range []string{"login", `x" OR project = SECRET --`, `\`, `\" OR 1=1`, "abc-", "a\u2028b", "\xff\"", "***"} {
		f.Add(s)
	}
	quoted := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	f.Fuzz(func(t *testing.T, text string) {
		project, _ := ParseProjectKey(text)
		for _, jql := range []string{matching(text, ""), matching(text, project)} {
			assert.Regexp(t, fixedClauses, quoted.ReplaceAllLiteralString(jql, "Q"))
		}
		assert.Equal(t, `assignee = Q AND statusCategory = Q ORDER BY updated DESC`, quoted.ReplaceAllLiteralString(inProgress(text), "Q"))
	})
}

// played is a Jira that answers everything with the same.
type played struct {
	status int
	reason string // X-Seraph-LoginReason
	body   []byte
	asked  atomic.Int64
}

func (p *played) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked.Add(1)
	return &http.Response{StatusCode: p.status, Header: http.Header{"X-Seraph-Loginreason": {p.reason}}, Body: io.NopCloser(bytes.NewReader(p.body)), Request: r}, nil
}

// statuses are those that a client tells apart.
var statuses = []int{200, 201, 204, 302, 400, 401, 403, 404, 410, 429, 500, 503}

// FuzzAnswers: no answer of Jira makes a call panic, ask without end, tell the
// credential, or succeed with half a thing.
func FuzzAnswers(f *testing.F) {
	f.Add(uint8(0), "", []byte(`{"accountId":"acc-1","avatarUrls":{"48x48":"x"},"timeZone":"Asia/Tokyo","active":true}`))
	f.Add(uint8(0), "", []byte(`[{"accountId":"acc-1","active":true,"emailAddress":"A@b.test","accountType":"atlassian"}]`))
	f.Add(uint8(0), "", []byte(`{"id":"1","key":"ABC-7","fields":{"summary":"s","assignee":{"accountId":"a"},"priority":{"name":"p"}}}`))
	f.Add(uint8(0), "", []byte(`{"issues":[{"id":"1","key":"ABC-7"},{}],"nextPageToken":"n","isLast":false,"total":900}`))
	f.Add(uint8(0), "", []byte(`{"values":[{"accountId":"acc-1"}],"total":99999999,"isLast":false}`))
	f.Add(uint8(4), "", []byte(`{"errorMessages":["no tok-s3cret-fuzz"],"errors":{"jql":"x"}}`))
	f.Add(uint8(0), "AUTHENTICATED_FAILED", []byte(`[]`))
	f.Fuzz(func(t *testing.T, status uint8, reason string, body []byte) {
		wire := &played{status: statuses[int(status)%len(statuses)], reason: reason, body: body}
		c, err := New(Options{BaseURL: "https://acme.example.test", Email: "a@b.test", APIToken: secret.New("tok-s3cret-fuzz"),
			Transport: wire, Sleep: func(context.Context, time.Duration) error { return nil }})
		require.NoError(t, err)
		check := func(err error, whole bool) {
			if err == nil {
				assert.True(t, whole)
				assert.Equal(t, 2, wire.status/100)
				return
			}
			assert.NotContains(t, err.Error(), "tok-s3cret-fuzz")
			assert.False(t, strings.ContainsAny(err.Error(), "\r\n\x00"), "%q", err)
		}
		ctx := t.Context()
		user, err := c.User(ctx, "acc-1")
		check(err, user.AccountID != "")
		user, err = c.FindUser(ctx, "a@b.test")
		check(err, user.AccountID != "")
		issue, err := c.Issue(ctx, "ABC-7")
		check(err, issue.ID != "" && issue.Key != "")
		found, err := c.Search(ctx, SearchQuery{Text: "ABC-7", MaxResults: 3})
		check(err, len(found) <= 3)
		byName, err := c.Issues(ctx, []string{"ABC-7", "10042"})
		check(err, true)
		for _, issue := range byName {
			assert.NotEmpty(t, issue.Key)
		}
		users, err := c.Users(ctx, []string{"acc-1", "acc-2"})
		if err != nil || len(users) > 0 { // else it has none of them
			check(err, true)
		}
		assert.NotContains(t, users, "")
		assert.LessOrEqual(t, wire.asked.Load(), int64(60), "calls for one question each")
	})
}
