package app

import (
	"errors"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// ClockworkError marks the refusal of a call that was made for r with the
// server's token, because the caller brought none.
func (r *Request) ClockworkError(err error) error { return clockworkError(r.Caller, err) }

func clockworkError(who auth.Caller, err error) error {
	if who.ClockworkToken.IsZero() {
		return OurCredential(err)
	}
	return err
}

// WriteToken is the Clockwork token with which a caller may start and stop
// timers.
func (d *Deps) WriteToken(who auth.Caller) (secret.Text, error) {
	return who.WriteToken(d.Config.Clockwork)
}

// OurCredential marks an upstream's refusal of a credential of this server's:
// the caller can do nothing about it, and their own token is not at fault.
func OurCredential(err error) error {
	failed, ok := errors.AsType[*upstream.Error](err)
	if !ok || (failed.Status != http.StatusUnauthorized && failed.Status != http.StatusForbidden) {
		return err
	}
	marked := *failed
	marked.Code = upstream.CodeAuthFailed
	return &marked
}
