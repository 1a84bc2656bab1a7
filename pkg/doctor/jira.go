package doctor

import (
	"context"
	"errors"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

func (t *target) jira() (*jira.Client, error) {
	c := t.config
	return jira.New(jira.Options{BaseURL: c.JiraAPIURL(), BrowseURL: c.BrowseURL(), Email: c.Jira.Email, APIToken: c.Jira.APIToken,
		Transport: t.transport, Now: t.now})
}

// checkJira asks Jira who the API token's user is.
func checkJira(ctx context.Context, t *target) []Finding {
	if t.wrong("JIRA_DOMAIN", "JIRA_BASE_URL", "ATLASSIAN_EMAIL", "ATLASSIAN_API_TOKEN") {
		return only(skip(see))
	}
	client, err := t.jira()
	if err != nil {
		return only(fail("%v: set JIRA_DOMAIN, and JIRA_BASE_URL only for a scoped token", err))
	}
	began := t.now()
	me, err := client.Myself(ctx)
	if err != nil {
		return only(jiraFailure(err))
	}
	return only(ok("%s accepts the API token of %s, %s", t.config.Jira.Domain, me.DisplayName, took(t.now().Sub(began))))
}

func jiraFailure(err error) Finding {
	failed, ok := errors.AsType[*upstream.Error](err)
	refused := ok && failed.Code == upstream.CodeAuthFailed
	switch status := upstream.StatusOf(err); {
	case refused:
		return fail("%d: Jira refuses ATLASSIAN_EMAIL with ATLASSIAN_API_TOKEN: make a new token at id.atlassian.com > Security > API tokens and set both; a scoped one needs JIRA_BASE_URL", status)
	case status == http.StatusForbidden && failed.Code != upstream.CodeBadBody:
		return fail("403: Jira knows ATLASSIAN_EMAIL, but does not let this user in: give them access to Jira and the permission \"Browse projects\"")
	case status == http.StatusNotFound, status/100 == 3:
		return fail("%d: no Jira answers there: check JIRA_DOMAIN, and JIRA_BASE_URL if it is set", status)
	case status == http.StatusTooManyRequests:
		return warn("429: Jira gets too many requests just now: ask again in a minute")
	}
	return fail("%s: check JIRA_DOMAIN, or status.atlassian.com", cause(err))
}

// checkClockwork asks for the worklogs of today with the server's own token.
// Clockwork has no call that names the owner of a token.
func checkClockwork(ctx context.Context, t *target) []Finding {
	c := t.config.Clockwork
	switch {
	case t.wrong("CLOCKWORK_API_BASE_URL"):
		return only(skip(see))
	case c.APIToken.IsZero():
		return only(skip("CLOCKWORK_API_TOKEN is not set: worklogs need a token with each request"))
	}
	client, err := clockwork.New(clockwork.Options{BaseURL: c.APIBaseURL.String(), Transport: t.transport, Now: t.now})
	if err != nil {
		return only(fail("%v: set CLOCKWORK_API_BASE_URL", err))
	}
	began := t.now()
	if err := client.VerifyToken(ctx, c.APIToken, c.AccountID); err != nil {
		return only(clockworkFailure(err))
	}
	latency := took(t.now().Sub(began))
	if c.AccountID == "" {
		return only(warn("the token works, %s; without CLOCKWORK_ACCOUNT_ID nobody can start a timer with it, so set the account id of its owner", latency))
	}
	return only(t.checkAccount(ctx, latency))
}

// checkAccount checks whether CLOCKWORK_ACCOUNT_ID exists.
func (t *target) checkAccount(ctx context.Context, latency string) Finding {
	client, err := t.jira()
	if err != nil || t.wrong("JIRA_DOMAIN", "ATLASSIAN_EMAIL", "ATLASSIAN_API_TOKEN") {
		return ok("the token works, %s; CLOCKWORK_ACCOUNT_ID not checked, because Jira is not configured", latency)
	}
	owner, err := client.User(ctx, t.config.Clockwork.AccountID)
	switch {
	case errors.Is(err, jira.ErrNotFound), upstream.StatusOf(err) == http.StatusBadRequest:
		return fail("the token works, but Jira knows no user with CLOCKWORK_ACCOUNT_ID: set the account id of the token's owner (the last part of the address of their Jira profile)")
	case upstream.StatusOf(err) == http.StatusForbidden:
		return warn("the token works, %s; but Jira does not let ATLASSIAN_EMAIL look up people: give this user the global permission \"Browse users and groups\"", latency)
	case err != nil:
		return ok("the token works, %s; CLOCKWORK_ACCOUNT_ID not checked, because Jira does not say", latency)
	}
	return ok("the token works and reads the worklogs of %s, %s; Clockwork cannot be asked whether it is their own", owner.DisplayName, latency)
}

func clockworkFailure(err error) Finding {
	switch status := upstream.StatusOf(err); {
	case status == http.StatusUnauthorized:
		return fail("401: Clockwork refuses CLOCKWORK_API_TOKEN: make a new one in Jira under Apps > Clockwork > API tokens")
	case status == http.StatusForbidden:
		return fail("403: the token's owner may not read the worklogs of CLOCKWORK_ACCOUNT_ID: set the owner's own account id, or a token of that account")
	case status == http.StatusNotFound, status/100 == 3:
		return fail("%d: no Clockwork API answers there: unset or correct CLOCKWORK_API_BASE_URL", status)
	case status == http.StatusTooManyRequests:
		return warn("429: Clockwork gets too many requests just now: ask again in a minute")
	}
	return fail("%s: check CLOCKWORK_API_BASE_URL, or Clockwork's status page", cause(err))
}
