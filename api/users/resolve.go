// Package users has the routes under /api/users, one file each.
package users

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleResolve answers GET /api/users/resolve: the Jira user with an e-mail
// address, or the one that a query means.
func HandleResolve(w http.ResponseWriter, r *http.Request) {
	app.ServeCostly(w, r, http.MethodGet, resolve)
}

type resolveReply struct {
	AccountID    string `json:"accountId"`
	EmailAddress string `json:"emailAddress"`
	DisplayName  string `json:"displayName"`
	AvatarURL    string `json:"avatarUrl"`
}

func resolve(ctx context.Context, d *app.Deps, r *app.Request) (web.Reply, error) {
	user, err := d.ResolveUser(ctx, r)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(resolveReply{user.AccountID, user.EmailAddress, user.DisplayName, user.AvatarURL}), nil
}
