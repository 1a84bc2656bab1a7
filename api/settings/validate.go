// Package settings has the routes under /api/settings, one file each.
package settings

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleValidate answers POST /api/settings/validate: whether an account id and
// a Clockwork token work, and binds the token to the account.
func HandleValidate(w http.ResponseWriter, r *http.Request) {
	app.ServeCostly(w, r, http.MethodPost, validate)
}

type validateRequest struct {
	AccountID         string      `json:"accountId"`
	ClockworkAPIToken secret.Text `json:"clockworkApiToken"`
}

// User leaves out what is not known: the desktop client cannot store null.
type validateReply struct {
	Valid bool         `json:"valid"`
	User  timer.Person `json:"user"`
}

func validate(ctx context.Context, d *app.Deps, r *app.Request) (web.Reply, error) {
	var in validateRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	user, err := d.ValidateSettings(ctx, r, in.AccountID, in.ClockworkAPIToken)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(validateReply{true, user}), nil
}
