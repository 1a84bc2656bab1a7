package clockwork

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

const (
	worklogsTimeout  = 20 * time.Second // long ranges are slow
	worklogsMaxBody  = 32 << 20
	worklogsPageSize = 10_000 // Clockwork's own; a full page means that there may be more
	worklogsMaxPages = 5
)

// WorklogQuery selects worklogs of one person, or of everybody, on some days.
type WorklogQuery struct {
	AccountID string // Atlassian account id
	Everybody bool   // without an AccountID
	// From and To are days, both included: only year, month and day count.
	From, To time.Time
	// Location decides where a day begins; default UTC. Its name must be one
	// of the IANA zones, for Clockwork gets it.
	Location *time.Location
	Limit    int // of worklogs; 0 is as many as fit into worklogsMaxPages
}

// Worklogs is the answer to a WorklogQuery.
type Worklogs struct {
	List       []timer.Worklog
	Unreadable int // entries that are left out because they could not be read
}

// ErrTooManyWorklogs means that there are more worklogs than the query's limit.
var ErrTooManyWorklogs = errors.New("more worklogs than are allowed")

// errNoUser keeps a mistake from listing everybody's work.
var errNoUser = errors.New("a worklog query needs an account id")

// Worklogs reads what the token's owner may see of the selected worklogs, with
// issue key, summary and project name if Clockwork knows the issue.
// Started is in the query's location.
func (c *Client) Worklogs(ctx context.Context, token secret.Text, q WorklogQuery) (Worklogs, error) {
	if q.AccountID == "" && !q.Everybody {
		return Worklogs{}, errNoUser
	}
	loc := q.location()
	first, last := q.From.Format(time.DateOnly), q.To.Format(time.DateOnly)
	worklogs, seen := Worklogs{List: []timer.Worklog{}}, map[number]bool{}
	for page := range worklogsMaxPages {
		items, unreadable, err := c.worklogsPage(ctx, token, q, page*c.pageSize)
		if err != nil {
			return Worklogs{}, err
		}
		worklogs.Unreadable += unreadable
		known := len(seen)
		for _, item := range items {
			if seen[item.ID] {
				continue
			}
			seen[item.ID] = true
			// How Clockwork cuts days is not known: cut them here, by the local date.
			// A day need not begin at midnight, nor be in one piece.
			if date := item.Started.In(loc).Format(time.DateOnly); first <= date && date <= last {
				worklogs.List = append(worklogs.List, item.worklog(loc))
			}
		}
		if q.Limit > 0 && len(worklogs.List) > q.Limit {
			return Worklogs{}, ErrTooManyWorklogs
		}
		// A page with nothing new: the offset was not obeyed.
		if len(items)+unreadable < c.pageSize || len(seen) == known {
			return worklogs, nil
		}
	}
	return Worklogs{}, &upstream.Error{Upstream: "clockwork", Op: "worklogs.list", Status: http.StatusOK, Code: upstream.CodeTooLarge,
		Err: fmt.Errorf("more than %d worklogs", worklogsMaxPages*c.pageSize)}
}

func (c *Client) worklogsPage(ctx context.Context, token secret.Text, q WorklogQuery, offset int) (items []wireWorklog, unreadable int, err error) {
	params := q.params()
	params.Set("expand", "issues,authors,emails")
	if offset > 0 {
		params.Set("offset", strconv.Itoa(offset))
	}
	resp, err := c.rest.Do(ctx, rest.Request{
		Op: "worklogs.list", Path: []string{"worklogs"}, Query: params, Header: tokenHeader(token),
		Timeout: worklogsTimeout, MaxBody: worklogsMaxBody,
	})
	if err != nil {
		return nil, 0, err
	}
	if items, unreadable, err = decodeWorklogs(resp.Body); err != nil {
		return nil, 0, resp.Fail(err)
	}
	return items, unreadable, nil
}

func (q WorklogQuery) location() *time.Location {
	if q.Location == nil {
		return time.UTC
	}
	return q.Location
}

func (q WorklogQuery) params() url.Values {
	params := url.Values{
		"starting_at": {q.From.Format(time.DateOnly)},
		"ending_at":   {q.To.Format(time.DateOnly)},
		"tz":          {q.location().String()},
	}
	if q.AccountID != "" {
		params.Set("account_id", q.AccountID)
	}
	return params
}
