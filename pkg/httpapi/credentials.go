package httpapi

import (
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// ClockworkError marks the error of a call that was made with the server's token,
// because the caller sent none.
func (r *Request) ClockworkError(err error) error { return clockworkError(r.Caller, err) }

func clockworkError(who auth.Caller, err error) error {
	if who.ClockworkToken.IsZero() {
		return upstream.OurCredential(err)
	}
	return err
}
