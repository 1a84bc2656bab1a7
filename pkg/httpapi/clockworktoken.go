package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/clockworktoken"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// ClockworkToken is the token that a caller's calls of Clockwork are made with: the
// one that they send, else the one that they have saved, else the server's.
type ClockworkToken struct {
	Value  secret.Text
	deps   *app.Deps
	server bool
	saver  string                // the account whose saved token has to be read; "" if none has
	stored *clockworktoken.Token // Value is the saved token
	read   *timercontrol.Read    // what Read asks
}

// WriteToken is the token with which the caller may start and stop timers. A saved
// one is read with Read and Request.
func WriteToken(d *app.Deps, who auth.Caller) (*ClockworkToken, error) {
	value, err := who.WriteToken(d.Config.Clockwork)
	return newClockworkToken(d, who, value, err)
}

// ReadToken is the token with which the caller may read worklogs. A saved one is
// used only if the server has none.
func ReadToken(ctx context.Context, d *app.Deps, who auth.Caller) (*ClockworkToken, error) {
	value, err := who.ReadToken(d.Config.Clockwork)
	if err == nil {
		return &ClockworkToken{Value: value, deps: d, server: who.ClockworkToken.IsZero()}, nil
	}
	t, err := newClockworkToken(d, who, value, err)
	if err == nil {
		err = t.Load(ctx)
	}
	return t, err
}

func newClockworkToken(d *app.Deps, who auth.Caller, value secret.Text, err error) (*ClockworkToken, error) {
	t := &ClockworkToken{Value: value, deps: d, server: who.ClockworkToken.IsZero()}
	if t.server && who.Known && who.AccountID != "" && d.ClockworkTokens.Enabled() {
		t.saver = who.AccountID
		return t, nil
	}
	return t, err
}

// Load reads the saved token.
func (t *ClockworkToken) Load(ctx context.Context) error {
	if t.saver == "" {
		return nil
	}
	value, err := t.deps.Redis.Do(ctx, "GET", clockworktoken.Key(t.saver))
	return t.use(ctx, value, err)
}

// use takes over the saved token, if there is one.
func (t *ClockworkToken) use(ctx context.Context, value any, err error) error {
	if err != nil && t.Value.IsZero() {
		return &web.Error{Status: http.StatusServiceUnavailable, Code: "SESSION_UNAVAILABLE", Err: fmt.Errorf("read stored token: %w", err),
			Message: "Your saved Clockwork token cannot be read at the moment. Try again shortly."}
	}
	if stored, none := t.deps.ClockworkTokens.Open(ctx, t.saver, value); none == nil {
		t.Value, t.stored, t.server = stored.Value, &stored, false
	}
	if t.Value.IsZero() {
		return auth.ErrNoClockwork
	}
	return nil
}

// Read is the command for what the start or stop has to know from Redis, and for
// the saved token.
func (t *ClockworkToken) Read(control *timercontrol.Control, ask timercontrol.Request) []any {
	ask.Token = t.Value
	t.read = control.Read(ask)
	cmd := t.read.Command()
	if t.saver != "" {
		cmd = append(cmd, clockworktoken.Key(t.saver))
	}
	return cmd
}

// Request completes a start or stop by the reply to Read. For a saved token it
// leaves out what is known: whose that token is was not asked for.
func (t *ClockworkToken) Request(ctx context.Context, ask timercontrol.Request, reply any, err error) (timercontrol.Request, error) {
	if t.saver != "" {
		var saved any
		if failed, ok := reply.(error); ok {
			err = failed
		} else if items, ok := reply.([]any); ok && len(items) > 0 {
			saved, reply = items[len(items)-1], slices.Clip(items[:len(items)-1])
		}
		if fault := t.use(ctx, saved, err); fault != nil {
			return ask, fault
		}
	}
	ask.Token, ask.Saved = t.Value, t.Saved()
	if t.stored == nil {
		ask.Known = new(t.read.Known(reply, err))
	}
	return ask, nil
}

// Saved reports whether the caller has saved the token here.
func (t *ClockworkToken) Saved() bool { return t.stored != nil }

// Failed is the error of a call that was made with the token. A saved token is
// deleted if Clockwork refuses it, or if a sync has seen that it is somebody else's;
// if Clockwork refuses the server's, the caller can do nothing about it.
func (t *ClockworkToken) Failed(ctx context.Context, err error) error {
	switch {
	case t.stored != nil && errors.Is(err, timercontrol.ErrDisproved):
		return errors.Join(err, t.deps.ClockworkTokens.Discard(ctx, *t.stored))
	case t.stored != nil:
		return t.deps.ClockworkTokens.Failed(ctx, *t.stored, err)
	case t.server:
		return upstream.OurCredential(err)
	}
	return err
}
