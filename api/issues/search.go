package issues

import (
	"context"
	"errors"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/web"
)

const (
	defaultResults = 10
	maxResults     = 50
)

// HandleSearch answers GET /api/issues/search: issues that match a text, or
// without one the user's issues in progress.
func HandleSearch(w http.ResponseWriter, r *http.Request) {
	app.ServeCostly(w, r, http.MethodGet, search)
}

type searchReply struct {
	Issues []jira.Issue `json:"issues"`
}

func search(ctx context.Context, d *app.Deps, r *app.Request) (web.Reply, error) {
	subject, err := r.Subject()
	if err != nil {
		return web.Reply{}, err
	}
	limit, err := r.Query.Int("maxResults", defaultResults, 1, maxResults)
	if err != nil {
		return web.Reply{}, err
	}
	account, err := d.Account(ctx, subject)
	if err != nil {
		return web.Reply{}, err
	}
	found, err := d.Jira.Search(ctx, jira.SearchQuery{AccountID: account, Text: r.Query.Get("q"), MaxResults: limit})
	switch {
	case errors.Is(err, jira.ErrOtherSite):
		return web.Reply{}, app.OtherSite("q")
	case err != nil:
		return web.Reply{}, err
	}
	return web.OK(searchReply{found}), nil
}
