package jiracache

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/jira"
)

// stored is a Redis that holds the same text under every key.
type fixed string

func (s fixed) Do(_ context.Context, cmd ...any) (any, error) {
	if cmd[0] != "MGET" {
		return string(s), nil
	}
	items := make([]any, len(cmd)-1)
	for i := range items {
		items[i] = string(s)
	}
	return items, nil
}

func (s fixed) Pipeline(_ context.Context, cmds ...[]any) ([]any, error) {
	return make([]any, len(cmds)), nil
}

// fresh is a Jira that knows whom and what it is asked for.
type fresh struct{}

func (fresh) User(_ context.Context, id string) (jira.User, error) {
	return jira.User{AccountID: id}, nil
}
func (fresh) FindUser(context.Context, string) (jira.User, error) {
	return jira.User{AccountID: "acc"}, nil
}
func (fresh) Issue(_ context.Context, key string) (jira.Issue, error) {
	return jira.Issue{ID: "1", Key: key}, nil
}
func (fresh) Issues(_ context.Context, keys []string) (map[string]jira.Issue, error) {
	found := map[string]jira.Issue{}
	for _, key := range keys {
		found[key] = jira.Issue{ID: "1", Key: key}
	}
	return found, nil
}

// FuzzCached: a value in Redis is "not found", something whole, or asked for
// anew.
func FuzzCached(f *testing.F) {
	for _, s := range []string{"null", "", "{", "[]", `{"accountId":"acc-1","emailAddress":"a@b.test"}`, `{"id":"7","key":"ABC-7","priority":null,"assignee":{}}`,
		`{"accountId":7}`, `{"id":"7","key":""}`, " null"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := New(fixed(text), fresh{}, slog.New(slog.DiscardHandler))
		user, err := c.User(t.Context(), "acc-1")
		byEmail, err2 := c.UserByEmail(t.Context(), "A@b.test")
		issue, err3 := c.Issue(t.Context(), "ABC-7")
		all, err4 := c.Issues(t.Context(), []string{"ABC-7", "ABC-8"})
		require.NoError(t, err4)
		if text == missing {
			assert.Empty(t, all)
			for _, err := range []error{err, err2, err3} {
				assert.ErrorIs(t, err, jira.ErrNotFound)
			}
			return
		}
		for _, err := range []error{err, err2, err3} {
			require.NoError(t, err)
		}
		assert.True(t, isUser(user) && isUser(byEmail) && isIssue(issue))
		assert.Len(t, all, 2)
		for _, one := range all {
			assert.True(t, isIssue(one))
		}
	})
}
