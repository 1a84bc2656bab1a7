package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/settings"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleLookup answers what a client asks while a person fills in a form: issues,
// users, and their settings.
func HandleLookup(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, lookupRoutes...)
}

var lookupRoutes = []httpapi.Route{
	{Method: http.MethodGet, Path: "/api/issues/search", Cost: httpapi.Upstream, Handle: searchIssues},
	{Method: http.MethodGet, Path: "/api/issues/{key}", Handle: readIssue},
	{Method: http.MethodGet, Path: "/api/users/resolve", Cost: httpapi.Upstream, Handle: resolveUser},
	{Method: http.MethodGet, Path: "/api/settings", Auth: httpapi.Login, Handle: readSettings},
	{Method: http.MethodPut, Path: "/api/settings", Auth: httpapi.Login, Handle: saveSettings},
	{Method: http.MethodPost, Path: "/api/settings/validate", Cost: httpapi.Upstream, Handle: validateSettings},
	{Method: http.MethodPut, Path: "/api/settings/visibility", Auth: httpapi.Login, Handle: saveVisibility},
}

const (
	defaultResults = 10
	maxResults     = 50
)

type searchReply struct {
	Issues []jira.Issue `json:"issues"`
}

// searchIssues finds issues that match a text, or without one the user's issues
// in progress.
func searchIssues(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	subject, err := r.Subject()
	if err != nil {
		return web.Reply{}, err
	}
	limit, err := r.Query.Int("maxResults", defaultResults, 1, maxResults)
	if err != nil {
		return web.Reply{}, err
	}
	account, err := httpapi.Account(ctx, d, subject)
	if err != nil {
		return web.Reply{}, err
	}
	found, err := d.Jira.Search(ctx, jira.SearchQuery{AccountID: account, Text: r.Query.Get("q"), MaxResults: limit})
	switch {
	case errors.Is(err, jira.ErrOtherSite):
		return web.Reply{}, httpapi.OtherSite("q")
	case err != nil:
		return web.Reply{}, err
	}
	return web.OK(searchReply{found}), nil
}

type issueReply struct {
	Issue jira.Issue `json:"issue"`
}

func readIssue(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	key, err := url.PathUnescape(path.Base(r.URL.EscapedPath()))
	if err != nil {
		return web.Reply{}, errIssueAddress
	}
	asked, err := jira.FromLink(key, d.Config.Jira.Domain)
	if errors.Is(err, jira.ErrOtherSite) {
		return web.Reply{}, httpapi.OtherSite("key")
	}
	idOrKey, err := jira.ParseIssueIDOrKey(asked)
	if err != nil {
		return web.Reply{}, errIssueAddress
	}
	issue, err := httpapi.Issue(ctx, d, r, idOrKey)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(issueReply{issue}), nil
}

var errIssueAddress = web.BadRequest("key", "The address must end with an issue key such as ABC-123, or an issue's number.")

type userReply struct {
	AccountID    string `json:"accountId"`
	EmailAddress string `json:"emailAddress"`
	DisplayName  string `json:"displayName"`
	AvatarURL    string `json:"avatarUrl"`
}

// resolveUser finds the Jira user with an e-mail address, or the one that a
// query means.
func resolveUser(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	user, err := httpapi.ResolveUser(ctx, d, r)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(userReply{user.AccountID, user.EmailAddress, user.DisplayName, user.AvatarURL}), nil
}

// readSettings says how long the person who is signed in wants to work, and what they
// show others.
func readSettings(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	account, err := r.OwnAccount()
	if err != nil {
		return web.Reply{}, err
	}
	found, err := d.Settings.Load(ctx, account)
	if err != nil {
		return web.Reply{}, err
	}
	return replySettings(ctx, d, account, found)
}

type settingsReply struct {
	settings.Settings
	Team team.Choice `json:"team"`
}

func replySettings(ctx context.Context, d *app.Deps, account string, of settings.Settings) (web.Reply, error) {
	choice, err := d.Team.ChoiceOf(ctx, account)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(settingsReply{of, choice}), nil
}

func saveSettings(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	account, err := r.OwnAccount()
	if err != nil {
		return web.Reply{}, err
	}
	var in settings.Change
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	switch err := in.Check(); {
	case errors.Is(err, settings.ErrTarget):
		return web.Reply{}, web.BadRequest("dailyTargetMinutes", "dailyTargetMinutes must be from 0 to %d.", settings.MaxTarget)
	case errors.Is(err, settings.ErrWorkdays):
		return web.Reply{}, web.BadRequest("workdays", "workdays must be numbers from 1 (Monday) to 7 (Sunday), each once.")
	}
	saved, err := d.Settings.Save(ctx, account, in)
	if err != nil {
		return web.Reply{}, err
	}
	return replySettings(ctx, d, account, saved)
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

// validateSettings checks that an account id and a Clockwork token work, and
// binds the token to the account.
func validateSettings(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	var in validateRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	user, err := httpapi.ValidateSettings(ctx, d, r, in.AccountID, in.ClockworkAPIToken)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(validateReply{true, user}), nil
}

// saveVisibility stores how much a person lets others see.
func saveVisibility(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	account, err := r.OwnAccount()
	if err != nil {
		return web.Reply{}, err
	}
	var in struct {
		Team team.Choice `json:"team"`
	}
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	if !in.Team.Valid() {
		return web.Reply{}, web.BadRequest("team", "team must be full, status or none.")
	}
	if err := d.Team.Choose(ctx, account, in.Team); err != nil {
		return web.Reply{}, err
	}
	found, err := d.Settings.Load(ctx, account)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(settingsReply{found, in.Team}), nil
}
