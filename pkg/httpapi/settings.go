package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// ValidateSettings checks an account id with Jira and a token with Clockwork at the
// same time, and binds the token to the account unless it is bound to another.
// Clockwork has no call that says whose a token is, so this proves only that the token
// works. Whoever claims another's account only makes their own timers appear there
// until the next sync.
func ValidateSettings(ctx context.Context, d *app.Deps, r *Request, accountID string, token secret.Text) (timer.Person, error) {
	accountID, err := checkSettings(r, accountID, token)
	if err != nil {
		return timer.Person{}, err
	}
	var both sync.WaitGroup
	var user jira.User
	var userErr, tokenErr error
	both.Go(panics.Into(&userErr, func() (err error) { user, err = d.Names.User(ctx, accountID); return err }))
	both.Go(panics.Into(&tokenErr, func() error { return d.Clockwork.VerifyToken(ctx, token, accountID) }))
	both.Wait()
	if err := settingsError(userErr, tokenErr); err != nil {
		return timer.Person{}, err
	}
	switch err := d.Owners.Claim(ctx, token, accountID); {
	case errors.Is(err, timercontrol.ErrTaken):
		return timer.Person{}, invalid("clockworkApiToken", "This token was connected by somebody else. Make your own in Jira under Apps > Clockwork > API tokens.", err)
	case err != nil:
		d.Log.WarnContext(ctx, "token not bound to its owner", "error", err)
	}
	return user.Person(), nil
}

func checkSettings(r *Request, accountID string, token secret.Text) (string, error) {
	accountID, err := r.Account(strings.TrimSpace(accountID))
	switch known, ok := errors.AsType[*web.Error](err); {
	case ok:
		return "", invalid("accountId", known.Message, err)
	case err != nil:
		return "", err
	case accountID == "":
		return "", invalid("accountId", "Enter your Atlassian account id.", nil)
	case token.IsZero():
		return "", invalid("clockworkApiToken", "Enter your Clockwork API token.", nil)
	case len(token.Reveal()) > auth.MaxToken || web.CheckText("clockworkApiToken", token.Reveal(), auth.MaxToken) != nil:
		return "", invalid("clockworkApiToken", "This is not a Clockwork API token.", nil)
	}
	return accountID, nil
}

func invalid(field, message string, cause error) *web.Error {
	return &web.Error{Status: http.StatusBadRequest, Code: "VALIDATION_ERROR", Field: field, Message: message, Err: cause}
}

// settingsError says which of the two inputs is wrong. Any other error is an outage.
func settingsError(userErr, tokenErr error) error {
	malformed, byJira := errors.AsType[*upstream.Error](userErr)
	refused, byClockwork := errors.AsType[*upstream.Error](tokenErr)
	switch {
	case errors.Is(userErr, jira.ErrNotFound),
		byJira && malformed.Status == http.StatusBadRequest:
		return invalid("accountId", "Jira knows no user with this account id.", userErr)
	case byClockwork && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden):
		return invalid("clockworkApiToken", "Clockwork does not accept this API token. Make a new one in Jira under Apps > Clockwork > API tokens.", tokenErr)
	}
	for _, err := range []error{userErr, tokenErr} {
		if err != nil {
			return outage(err)
		}
	}
	return nil
}

// outage is the answer to an error that neither input caused. An upstream that rejects
// the form of this server's request is one too.
func outage(err error) *web.Error {
	known := errorFor(err, context.Background())
	known.Field = "general"
	failed, ok := errors.AsType[*upstream.Error](err)
	if ok && known.Status < http.StatusInternalServerError && known.Status != http.StatusTooManyRequests {
		known.Status, known.Code = http.StatusBadGateway, strings.ToUpper(failed.Upstream)+"_UNAVAILABLE"
		known.Message = product[failed.Upstream] + " cannot check this at the moment. Try again shortly."
	}
	return known
}
