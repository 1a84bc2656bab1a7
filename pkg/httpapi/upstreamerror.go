package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// product is how people know an upstream.
var product = map[string]string{"clockwork": "Clockwork", "jira": "Jira", "inngest": "Inngest"}

// addressOf names the variables that hold an upstream's address.
var addressOf = map[string]string{"clockwork": "CLOCKWORK_API_BASE_URL", "jira": "JIRA_DOMAIN and JIRA_BASE_URL"}

// upstreamError is the answer to a failed upstream call. What the upstream says about
// the caller's own token or input keeps its status. Everything else is 502, or 504 if
// no answer came in time. No text of the upstream's is passed on.
func upstreamError(failed *upstream.Error, cause error) *web.Error {
	name := product[failed.Upstream]
	answer := func(status int, code, message string) *web.Error {
		return &web.Error{Status: status, Code: strings.ToUpper(failed.Upstream) + "_" + code,
			Message: strings.ReplaceAll(message, "%", name), RetryAfter: failed.RetryAfter, Err: cause}
	}
	timers := strings.HasPrefix(failed.Op, "timers.") && !errors.Is(failed, upstream.ErrOpen) // a start or a stop that was sent
	switch {
	case failed.Status == http.StatusTooManyRequests:
		return answer(http.StatusTooManyRequests, "RATE_LIMITED", "% gets too many requests right now. Try again in a moment.")
	case failed.Timeout():
		return answer(http.StatusGatewayTimeout, "TIMEOUT", "% did not answer in time. "+advice(timers))
	case failed.Code == upstream.CodeBadBody && (failed.Status == http.StatusNotFound || failed.Status == http.StatusForbidden):
		return answer(http.StatusBadGateway, "UNAVAILABLE", "Something other than % answers at its address. The server's operator has to check "+addressOf[failed.Upstream]+".")
	case failed.Upstream == "jira" && failed.Status == http.StatusForbidden && failed.Code != upstream.CodeAuthFailed:
		return answer(http.StatusBadGateway, "FORBIDDEN", "% does not let this server's user do this. "+lacking(failed.Op))
	case failed.Code == upstream.CodeAuthFailed, failed.Upstream != "clockwork" && (failed.Status == http.StatusUnauthorized || failed.Status == http.StatusForbidden):
		return answer(http.StatusBadGateway, "AUTH_FAILED", "% refuses this server's credentials. The server's operator has to renew them.")
	case failed.Status == http.StatusUnauthorized:
		return answer(failed.Status, "UNAUTHORIZED", "% does not accept the API token. Check it in the settings.")
	case failed.Status == http.StatusForbidden:
		return answer(failed.Status, "FORBIDDEN", "% says that the token's owner may not do this.")
	case failed.Status == http.StatusBadRequest && failed.Upstream == "jira":
		return answer(failed.Status, "BAD_REQUEST", "% does not accept what was asked for. Check the account.")
	case failed.Status == http.StatusBadRequest:
		return answer(failed.Status, "BAD_REQUEST", "% does not accept what was asked for. Check the issue key, the account and the dates.")
	case failed.Status == http.StatusNotFound && timers:
		return answer(failed.Status, "NOT_FOUND", "No issue "+issueOf(cause)+", or you may not see it.")
	case failed.Status == http.StatusNotFound:
		return answer(failed.Status, "NOT_FOUND", "% finds nothing there, or you may not see it.")
	case (failed.Status == http.StatusConflict || failed.Status == http.StatusUnprocessableEntity) && timers:
		return answer(failed.Status, "INVALID_STATE", "% says that this cannot be done now: perhaps a timer runs on the issue already, or none may be started there.")
	case failed.Status == http.StatusConflict, failed.Status == http.StatusUnprocessableEntity:
		return answer(failed.Status, "INVALID_STATE", "% says that this cannot be done now.")
	}
	return answer(http.StatusBadGateway, "UNAVAILABLE", "% cannot be reached or answers with an error. "+advice(timers))
}

// issueOf is the key of the issue that a start or a stop was about.
func issueOf(err error) string {
	if missing, ok := errors.AsType[*timercontrol.IssueError](err); ok {
		return missing.Key
	}
	return "like that"
}

// lacking names the permission that a call to Jira needs.
func lacking(op string) string {
	if strings.HasPrefix(op, "users.") && op != "users.myself" {
		return `A Jira administrator has to give that user the global permission "Browse users and groups".`
	}
	return `A Jira administrator has to give that user access to Jira and the permission "Browse projects".`
}

// advice is what to do if no answer came: a start or a stop may have been done.
func advice(timers bool) string {
	if timers {
		return "Look which timers run before you try again."
	}
	return "Try again shortly."
}
