package jiracache

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/redis"
)

// Issues returns the issues that could be found, by the id or key they were
// asked for by. With an error it still returns those that are known: a list is
// better with some names than with none.
func (c *Cache) Issues(ctx context.Context, idsOrKeys []string) (map[string]jira.Issue, error) {
	if len(idsOrKeys) == 0 {
		return nil, nil
	}
	issues, unknown, unread := c.readIssues(ctx, idsOrKeys)
	if len(unknown) == 0 {
		return issues, nil
	}
	unknown = slices.Compact(slices.Sorted(slices.Values(unknown))) // a question is the same in any order
	fetched, err := share(ctx, &c.bulks, strings.Join(unknown, "\n"), func(ctx context.Context) (map[string]jira.Issue, error) {
		fetched, err := c.jira.Issues(ctx, unknown)
		if unread == nil {
			c.keepIssues(ctx, unknown, fetched, err)
		}
		return fetched, err
	})
	for _, asked := range unknown {
		if issue, ok := fetched[asked]; ok {
			issues[asked] = issue
		}
	}
	return issues, err
}

// keepIssues remembers what was found, and if all were answered for, what
// was not.
func (c *Cache) keepIssues(ctx context.Context, asked []string, fetched map[string]jira.Issue, err error) {
	entries, absent := map[string]string{}, map[string]string{}
	for _, one := range asked {
		issue, ok := fetched[one]
		if !ok {
			absent[issuePrefix+one] = missing
			continue
		}
		if encoded, bad := json.Marshal(issue); bad == nil {
			for _, key := range issueKeys(issue) {
				entries[key] = string(encoded)
			}
		}
	}
	c.write(ctx, entries, issueLife)
	if err == nil {
		c.write(ctx, absent, missingLife)
	}
}

// readIssues returns what Redis knows, with one command, and the rest's names.
func (c *Cache) readIssues(ctx context.Context, idsOrKeys []string) (known map[string]jira.Issue, unknown []string, unread error) {
	known = map[string]jira.Issue{}
	keys := make([]string, len(idsOrKeys))
	for i, asked := range idsOrKeys {
		keys[i] = issuePrefix + asked
	}
	stored, err := redis.GetAll(ctx, c.redis, keys)
	if err != nil {
		c.log.WarnContext(ctx, "jira cache not read", "error", err)
		return known, idsOrKeys, err
	}
	for i, asked := range idsOrKeys {
		issue, found, isKnown := decode(stored[i], isIssue)
		switch {
		case found:
			known[asked] = issue
		case !isKnown:
			unknown = append(unknown, asked)
		}
	}
	return known, unknown, nil
}
