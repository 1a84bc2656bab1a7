package timersource

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

var (
	// ErrSessionExpired means that Jira takes the session no longer. Only a
	// person can help: repeating is of no use.
	ErrSessionExpired = errors.New("the Jira session has expired or is refused: log in to Jira and renew JIRA_TENANT_SESSION_TOKEN")
	// ErrSourceGone means that Clockwork is not reached this way on this site:
	// it has moved to the other source.
	ErrSourceGone = errors.New("this site does not offer Clockwork's timers by this source")
	// ErrTokenRefused means that a token is no longer taken though it has not
	// expired: drop it and acquire one more, once.
	ErrTokenRefused = errors.New("the token for Clockwork's timers is refused")
	// ErrNotDiscovered means that identifiers of the Forge app must be set by
	// hand. Repeating is of no use.
	ErrNotDiscovered = errors.New("the identifiers of Clockwork on Forge cannot be discovered: set FORGE_INSTALLATION_ID and FORGE_APP_VERSION")
	// ErrUnknownShape means that an answer is not of any shape seen so far.
	ErrUnknownShape = clockwork.ErrUnknownShape
)

// siteError says what a refusal by the Jira site means. It redirects to its
// login page if a session has ended.
func siteError(err error) error {
	switch status := upstream.StatusOf(err); {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status/100 == 3:
		return fmt.Errorf("%w: %w", ErrSessionExpired, err)
	case status == http.StatusNotFound, status == http.StatusGone:
		return fmt.Errorf("%w: %w", ErrSourceGone, err)
	}
	return err
}

// clockworkError says what a refusal by Clockwork itself means.
func clockworkError(err error) error {
	switch upstream.StatusOf(err) {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: %w", ErrTokenRefused, err)
	case http.StatusNotFound, http.StatusGone:
		return fmt.Errorf("%w: %w", ErrSourceGone, err)
	}
	return err
}

// signError says what the gateway means by a 401 that it gives before any
// context token is in play: it can only be about the session.
func signError(err error) error {
	if upstream.StatusOf(err) == http.StatusUnauthorized && !errors.Is(err, ErrSessionExpired) {
		return fmt.Errorf("%w: %w", ErrSessionExpired, err)
	}
	return err
}
