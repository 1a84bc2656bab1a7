package jira_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

func inSandbox(t *testing.T, change func(*jira.Options)) (*sandbox.Sandbox, *jira.Client) {
	t.Helper()
	box := sandbox.New(sandbox.Options{})
	creds := box.Credentials()
	opts := jira.Options{
		BaseURL: box.Start(t).JiraURL, BrowseURL: "https://" + box.Site().Host,
		Email: creds.AtlassianEmail, APIToken: creds.AtlassianAPIToken,
		Sleep: func(context.Context, time.Duration) error { return nil },
	}
	if change != nil {
		change(&opts)
	}
	c, err := jira.New(opts)
	require.NoError(t, err)
	return box, c
}

func TestContractIssues(t *testing.T) {
	box, c := inSandbox(t, nil)
	want := box.Issues()[3]
	for _, name := range []string{want.Key, strconv.FormatInt(want.ID, 10)} {
		got, err := c.Issue(t.Context(), name)
		require.NoError(t, err)
		assert.Equal(t, want.Key, got.Key)
		assert.Equal(t, strconv.FormatInt(want.ID, 10), got.ID)
		assert.Equal(t, want.Summary, got.Summary)
		assert.Equal(t, want.Status, got.Status)
		assert.Equal(t, want.Project.Name, got.Project.Name)
		assert.Equal(t, "https://"+box.Site().Host+"/browse/"+want.Key, got.URL)
	}
	_, err := c.Issue(t.Context(), "NOPE-1")
	assert.ErrorIs(t, err, jira.ErrNotFound)

	box.Populate(600, 20) // more issues than one bulk call takes
	names := []string{"NOPE-1"}
	for _, issue := range box.Issues() {
		names = append(names, issue.Key)
	}
	all, err := c.Issues(t.Context(), names)
	require.NoError(t, err)
	assert.Len(t, all, 2*(len(names)-1))
}

func TestContractMovedIssueIsFoundUnderItsOldKey(t *testing.T) {
	box, c := inSandbox(t, nil)
	old := box.Issues()[0].Key
	_, err := box.MoveIssue(old, "MOVED-1")
	require.NoError(t, err)
	got, err := c.Issue(t.Context(), old)
	require.NoError(t, err)
	assert.Equal(t, "MOVED-1", got.Key)
}

func TestContractSearch(t *testing.T) {
	box, c := inSandbox(t, nil)
	issues := box.Issues()
	inProgress := issues[slices.IndexFunc(issues, func(i sandbox.Issue) bool { return i.StatusCategory == "In Progress" && i.AssigneeID != "" })]

	got, err := c.Search(t.Context(), jira.SearchQuery{AccountID: inProgress.AssigneeID, MaxResults: 50})
	require.NoError(t, err)
	require.NotEmpty(t, got)
	for _, issue := range got {
		require.NotNil(t, issue.Assignee)
		assert.Equal(t, inProgress.AssigneeID, issue.Assignee.AccountID)
	}

	for _, text := range []string{inProgress.Key, inProgress.Project.Key, inProgress.Project.Key + "-", inProgress.Summary} {
		got, err := c.Search(t.Context(), jira.SearchQuery{Text: text, MaxResults: 50})
		require.NoError(t, err, text)
		assert.True(t, slices.ContainsFunc(got, func(i jira.Issue) bool { return i.Key == inProgress.Key }), text)
	}

	for _, text := range []string{"nosuchproject", "ABC-", "NOPE-999", `" OR project = ` + inProgress.Project.Key + ` OR summary ~ "`, `\`, `a" b\ AND`} {
		got, err := c.Search(t.Context(), jira.SearchQuery{Text: text})
		require.NoError(t, err, text)
		assert.Empty(t, got, text)
	}
}

func TestContractUsers(t *testing.T) {
	box, c := inSandbox(t, nil)
	box.Populate(1, 130)
	people := box.People()

	me, err := c.Myself(t.Context())
	require.NoError(t, err)
	assert.Equal(t, people[0].AccountID, me.AccountID)
	assert.Equal(t, people[0].TimeZone, me.TimeZone)

	ids := []string{"nobody"}
	for _, p := range people {
		ids = append(ids, p.AccountID)
	}
	all, err := c.Users(t.Context(), ids)
	require.NoError(t, err)
	assert.Len(t, all, len(people))

	box.Faults().Add(fault.Fault{Kind: fault.Status, Status: 410, Operation: "jira.user_bulk"})
	oneByOne, err := c.Users(t.Context(), ids)
	require.NoError(t, err)
	assert.Equal(t, all, oneByOne, "without /user/bulk too")
}

func TestContractFindUser(t *testing.T) {
	box, c := inSandbox(t, nil)
	for _, p := range box.People() {
		got, err := c.FindUser(t.Context(), p.Email)
		if p.EmailHidden || p.Inactive {
			assert.ErrorIs(t, err, jira.ErrNotFound, p.DisplayName)
			continue
		}
		require.NoError(t, err, p.DisplayName)
		assert.Equal(t, p.AccountID, got.AccountID)
	}
	got, err := c.FindUser(t.Context(), box.People()[0].DisplayName)
	require.NoError(t, err)
	assert.Equal(t, box.People()[0].AccountID, got.AccountID)
}

// Jira answers many calls with a bad credential as it does an anonymous reader.
func TestContractBadCredential(t *testing.T) {
	box, c := inSandbox(t, func(o *jira.Options) { o.APIToken = secret.New("expired") })
	calls := map[string]func(ctx context.Context) error{
		"issue":     func(ctx context.Context) error { _, err := c.Issue(ctx, box.Issues()[0].Key); return err },
		"issues":    func(ctx context.Context) error { _, err := c.Issues(ctx, []string{box.Issues()[0].Key}); return err },
		"search":    func(ctx context.Context) error { _, err := c.Search(ctx, jira.SearchQuery{Text: "x y"}); return err },
		"user":      func(ctx context.Context) error { _, err := c.User(ctx, "x"); return err },
		"users":     func(ctx context.Context) error { _, err := c.Users(ctx, []string{"x"}); return err },
		"find-user": func(ctx context.Context) error { _, err := c.FindUser(ctx, "x"); return err },
		"myself":    func(ctx context.Context) error { _, err := c.Myself(ctx); return err },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			err := call(t.Context())
			assert.Equal(t, upstream.CodeAuthFailed, asError(t, err).Code)
			assert.NotErrorIs(t, err, jira.ErrNotFound)
		})
	}
}

func TestContractFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault fault.Fault
		ok    bool
	}{
		{"one-reset-is-survived", fault.Fault{Kind: fault.Reset, Count: 1}, true},
		{"one-503-is-survived", fault.Fault{Kind: fault.Status, Status: 503, Count: 1}, true},
		{"half-an-answer-is-survived", fault.Fault{Kind: fault.Truncated, Count: 1}, true},
		{"malformed", fault.Fault{Kind: fault.MalformedJSON}, false},
		{"wrong-types", fault.Fault{Kind: fault.WrongTypes}, false},
		{"html", fault.Fault{Kind: fault.HTML}, false},
		{"huge", fault.Fault{Kind: fault.Huge}, false},
		{"down", fault.Fault{Kind: fault.Status, Status: 500}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			box, c := inSandbox(t, nil)
			box.Faults().Add(tt.fault)
			_, err := c.Issue(t.Context(), box.Issues()[0].Key)
			assert.Equal(t, tt.ok, err == nil, err)
			if err != nil {
				asError(t, err)
			}
		})
	}
}
