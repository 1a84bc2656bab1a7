// Package issues has the routes under /api/issues, one file each.
package issues

import (
	"context"
	"errors"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleIssue answers GET /api/issues/:key, which vercel.json rewrites to this
// file with the key in the query.
func HandleIssue(w http.ResponseWriter, r *http.Request) {
	app.Serve(w, r, http.MethodGet, issue)
}

type issueReply struct {
	Issue jira.Issue `json:"issue"`
}

func issue(ctx context.Context, d *app.Deps, r *app.Request) (web.Reply, error) {
	asked, err := jira.FromLink(r.Query.Get("key"), d.Config.Jira.Domain)
	if errors.Is(err, jira.ErrOtherSite) {
		return web.Reply{}, app.OtherSite("key")
	}
	idOrKey, err := jira.ParseIssueIDOrKey(asked)
	if err != nil {
		return web.Reply{}, web.BadRequest("key", "The address must end with an issue key such as ABC-123, or an issue's number.")
	}
	found, err := d.Issue(ctx, r, idOrKey)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(issueReply{found}), nil
}
