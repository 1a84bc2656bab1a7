package httpapi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/clockworktoken"
	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/idempotency"
	"github.com/clockwork-timer/backend/pkg/inngestapi"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/settings"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

var (
	errMethod = errors.New("method not allowed")
	// ErrUserNotFound means that Jira shows no user for what was asked.
	ErrUserNotFound = errors.New("no such user")
	// ErrIssueNotFound means that there is no such issue, or that it may not be seen.
	ErrIssueNotFound = errors.New("no such issue")
)

// table is the answer to each error that means the same everywhere. The first that
// matches counts.
var table = []struct {
	is      error
	status  int
	code    string
	message string
}{
	{errMethod, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "This address does not take that method; see the Allow header."},
	{auth.ErrNotConfigured, http.StatusServiceUnavailable, "AUTH_NOT_CONFIGURED", "The server's operator has to set JWT_SECRET (or AUTH_MODE=open) before it serves anyone."},
	{auth.ErrNoLogin, http.StatusServiceUnavailable, "AUTH_NOT_CONFIGURED", "Nobody can log in here yet. The server's operator has to set JWT_SECRET, and AUTH_USERS or a sign-in provider."},
	{auth.ErrWrongLogin, http.StatusUnauthorized, "INVALID_CREDENTIALS", "The username or the password is wrong."},
	{auth.ErrNoToken, http.StatusUnauthorized, "UNAUTHORIZED", "Log in first: this needs a bearer token."},
	{auth.ErrBadToken, http.StatusUnauthorized, "UNAUTHORIZED", "Your login has expired or is not valid. Log in again."},
	{auth.ErrForbidden, http.StatusForbidden, "FORBIDDEN", "You may only ask for your own account."},
	{auth.ErrNoClockwork, http.StatusUnauthorized, "CLOCKWORK_TOKEN_REQUIRED", "Enter your Clockwork API token in the settings: it is needed to do this in your name."},
	{clockworktoken.ErrRefused, http.StatusUnauthorized, "CLOCKWORK_UNAUTHORIZED", "Clockwork does not accept your saved API token any more, so it was deleted. Save a new one."},
	{timercontrol.ErrDisproved, http.StatusConflict, "CLOCKWORK_TOKEN_OF_ANOTHER", "Your saved Clockwork API token belongs to somebody else, so it was deleted. Save your own."},
	{timercontrol.ErrNotOwner, http.StatusForbidden, "CLOCKWORK_TOKEN_OF_ANOTHER", "This Clockwork token belongs to somebody else. Connect your own."},
	{timercontrol.ErrAmbiguous, http.StatusConflict, "AMBIGUOUS_TIMER", "Several of your timers run. Name the one to stop, by issueKey or timerId."},
	{timercontrol.ErrOthersUnknown, http.StatusConflict, "TIMER_STATE_UNKNOWN", "It is not known which of your timers run, so nothing was stopped or started. Try again after the next sync, or start without stopOthers."},
	{timercontrol.ErrStateUnknown, http.StatusConflict, "TIMER_STATE_UNKNOWN", "It is not known which of your timers runs. Name the issue to stop, or try again after the next sync."},
	{timercontrol.ErrTooMany, http.StatusConflict, "TOO_MANY_TIMERS", "More than 10 of your timers run. Stop some of them first."},
	{timercache.ErrOtherSite, http.StatusServiceUnavailable, "CACHE_UNAVAILABLE", "The server's Redis holds the timers of another Jira site. Its operator has to set KEY_PREFIX."},
	{timercache.ErrUnavailable, http.StatusServiceUnavailable, "CACHE_UNAVAILABLE", "The timers cannot be read at the moment. Try again shortly."},
	{settings.ErrUnavailable, http.StatusServiceUnavailable, "CACHE_UNAVAILABLE", "Your settings cannot be read or saved at the moment. Try again shortly."},
	{realtime.ErrUnavailable, http.StatusServiceUnavailable, "STORE_UNAVAILABLE", "The timers cannot be read at the moment. Try again shortly."},
	{inngestapi.ErrNotRegistered, http.StatusBadGateway, "INNGEST_UNAVAILABLE", "Inngest does not know the sync function, so that nothing would run. The server's operator has to register it: `server doctor` says how."},
	{inngestapi.ErrNotSent, http.StatusBadGateway, "INNGEST_UNAVAILABLE", "The sync could not be requested at the moment. Try again shortly."},
	{team.ErrOff, http.StatusForbidden, "TEAM_VIEW_OFF", "This server shows nobody what others work on. Ask for one person."},
	{team.ErrAdminsOnly, http.StatusForbidden, "FORBIDDEN", "Only admins may see what others work on."},
	{ErrUserNotFound, http.StatusNotFound, "USER_NOT_FOUND", "Jira shows no user like that. Check the spelling, or whether the address is hidden in the person's profile."},
	{ErrIssueNotFound, http.StatusNotFound, "ISSUE_NOT_FOUND", "There is no such issue, or it may not be seen."},
	{auth.ErrLoginBusy, http.StatusTooManyRequests, "TOO_MANY_ATTEMPTS", "Too many people log in at the moment. Try again in a second."},
	{idempotency.ErrInProgress, http.StatusConflict, "IDEMPOTENCY_IN_PROGRESS", "The first request with this Idempotency-Key is not finished. Ask again in a moment."},
	{idempotency.ErrUnknown, http.StatusConflict, "IDEMPOTENCY_OUTCOME_UNKNOWN", "It is not known whether Clockwork did this. Look at your timers; if it is not done, do it again."},
	{idempotency.ErrReused, http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used for something else. Use a new one for each start or stop."},
	{idempotency.ErrUnavailable, http.StatusServiceUnavailable, "IDEMPOTENCY_UNAVAILABLE", "The server cannot check this Idempotency-Key at the moment, so nothing was done. Try again shortly."},
	{clockwork.ErrTooManyWorklogs, http.StatusRequestEntityTooLarge, "TOO_MUCH", "These are more worklogs than can be read at once. Ask for fewer days or people."},
	{jira.ErrNotFound, http.StatusNotFound, "JIRA_NOT_FOUND", "Jira finds nothing there. Check what you asked for."},
}

// errorFor is the answer to err, or nil for no error. client is the connection's own
// context: it ends when the caller hangs up.
func errorFor(err error, client context.Context) *web.Error {
	if err == nil {
		return nil
	}
	known := errorOf(err, client)
	if half, ok := errors.AsType[*timercontrol.SwitchError](err); ok {
		return switchError(half, known)
	}
	return known
}

func errorOf(err error, client context.Context) *web.Error {
	if known, ok := errors.AsType[*web.Error](err); ok {
		return known
	}
	if client.Err() != nil {
		return &web.Error{Status: statusClientClosed, Code: "CLIENT_CLOSED_REQUEST", Message: "The caller hung up.", Err: err}
	}
	for _, row := range table {
		if errors.Is(err, row.is) {
			known := &web.Error{Status: row.status, Code: row.code, Message: row.message, RetryAfter: retryAfter(err), Err: err}
			if row.is == idempotency.ErrReused {
				known.Field = idempotency.Header
			}
			return known
		}
	}
	if wrong, ok := errors.AsType[*config.Error](err); ok {
		return &web.Error{Status: http.StatusServiceUnavailable, Code: "NOT_CONFIGURED", Err: err,
			Message: "The server's operator has to set or correct: " + strings.Join(wrong.Variables(), ", ") + "."}
	}
	if limited, ok := errors.AsType[*auth.TooManyAttempts](err); ok {
		return tooManyAttempts(limited, err)
	}
	if limited, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
		return rateLimited(limited, err)
	}
	if failed, ok := errors.AsType[*upstream.Error](err); ok {
		return upstreamError(failed, err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &web.Error{Status: http.StatusGatewayTimeout, Code: "TIMEOUT", Message: "This took too long. Try again shortly.", Err: err}
	}
	return &web.Error{Status: http.StatusInternalServerError, Code: "INTERNAL_ERROR", Message: "Something went wrong on the server. Try again; if it happens again, tell the server's operator the request id (X-Request-Id).", Err: err}
}

// keyRetry is when the first request with an Idempotency-Key may be finished.
const keyRetry = 2 * time.Second

// retryAfter is when to ask again, if the error is one that passes.
func retryAfter(err error) time.Duration {
	switch {
	case errors.Is(err, auth.ErrLoginBusy):
		return time.Second
	case errors.Is(err, idempotency.ErrInProgress), errors.Is(err, idempotency.ErrUnknown), errors.Is(err, idempotency.ErrUnavailable):
		return keyRetry
	}
	if failed, ok := errors.AsType[*redis.Error](err); ok {
		return failed.RetryAfter
	}
	return 0
}

// switchError says before why what a switch has done, and what it has not.
func switchError(half *timercontrol.SwitchError, why *web.Error) *web.Error {
	known, done := *why, ""
	if len(half.Stopped) > 0 {
		done = strings.Join(half.Stopped, ", ") + " stopped. "
	}
	switch {
	case half.Unstopped != "":
		done += half.Unstopped + " did not stop, so " + half.IssueKey + " was not started. "
	case !errors.Is(half, timercontrol.ErrOutcomeUnknown):
		done += half.IssueKey + " did not start. "
	}
	known.Message, known.Stopped = done+why.Message, half.Stopped
	return &known
}

func rateLimited(limited *ratelimit.Exceeded, cause error) *web.Error {
	return &web.Error{Status: http.StatusTooManyRequests, Code: "RATE_LIMITED", RetryAfter: limited.RetryAfter, Err: cause,
		Message: "Too many requests. Try again " + inWords(limited.RetryAfter) + "."}
}

// inWords is a wait in seconds, rounded up as in Retry-After, or in minutes.
func inWords(wait time.Duration) string {
	seconds := int(math.Ceil(wait.Seconds()))
	switch {
	case seconds <= 1:
		return "in a second"
	case seconds < 120:
		return fmt.Sprintf("in %d seconds", seconds)
	}
	return fmt.Sprintf("in %d minutes", (seconds+59)/60)
}

func tooManyAttempts(limited *auth.TooManyAttempts, cause error) *web.Error {
	return &web.Error{Status: http.StatusTooManyRequests, Code: "TOO_MANY_ATTEMPTS", RetryAfter: limited.RetryAfter, Err: cause,
		Message: "Too many failed attempts to log in from here. Try again " + inWords(limited.RetryAfter) + "."}
}
