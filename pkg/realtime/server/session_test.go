package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
)

// announcer announces what has ended, and knows which tokens are left.
type announcer struct {
	ended   chan []string
	lost    chan error
	revoked chan []string
}

func newAnnouncer() *announcer {
	return &announcer{make(chan []string), make(chan error), make(chan []string, 1)}
}

func (a *announcer) options() server.Options {
	return server.Options{
		VerifyPersonal: func(_ *http.Request, token string) (auth.Caller, error) {
			scope, ok := strings.CutPrefix(token, "cwk_")
			if !ok {
				return auth.Caller{}, auth.ErrBadToken
			}
			return auth.Caller{Known: true, UserID: "ann", PersonalToken: "id-" + scope, Scope: accesstoken.Scope(scope)}, nil
		},
		Ended: func(ctx context.Context, ready func(), ended func(ids []string)) error {
			ready()
			for {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case err := <-a.lost:
					return err
				case ids := <-a.ended:
					ended(ids)
				}
			}
		},
		Revoked: func(context.Context, []string) ([]string, error) {
			select {
			case ids := <-a.revoked:
				return ids, nil
			default:
				return nil, nil
			}
		},
	}
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func sessionToken(t *testing.T, user, session string, life time.Duration) string {
	c := claims(user)
	c.SessionID, c.ExpiresAt = session, jwt.NewNumericDate(time.Now().Add(life))
	return signed(t, c)
}

// What was opened with a session or personal token closes at once when that ends, and
// nothing is opened with it any more.
func TestEndedSession(t *testing.T) {
	a := newAnnouncer()
	w := newWorld(t, a.options())
	tokens := map[string]string{"one": sessionToken(t, "ann", "one", time.Hour), "two": sessionToken(t, "ann", "two", time.Hour), "id-read": "cwk_read", "id-write": "cwk_write"}
	open := map[string]*client{}
	for id, token := range tokens {
		open[id] = w.dialWith("ann", "", bearer(token))
		open[id].next()
	}
	stream := w.stream("ann", bearer(tokens["one"]))
	stream.next()
	a.ended <- []string{"one", "id-read", ""}
	assert.Equal(t, fanout.CloseTokenExpired, open["one"].closed())
	assert.Equal(t, fanout.CloseTokenExpired, open["id-read"].closed())
	assert.Equal(t, []string{"event: close", "data: 4401 session ended: log in again"}, stream.next())
	for _, id := range []string{"one", "id-read"} {
		assert.Equal(t, http.StatusUnauthorized, w.stream("ann", bearer(tokens[id])).res.StatusCode, "with the token of %s", id)
	}
	open["two"].action("timer_start", "a")
	open["two"].update(1, "a", realtime.Running)
	open["id-write"].update(1, "a", realtime.Running)

	// The announcement of a personal token's end is lost.
	a.revoked <- []string{"id-write"}
	a.lost <- errors.New("marked: the subscription broke")
	assert.Equal(t, fanout.CloseTokenExpired, open["id-write"].closed())
}

func TestPersonalTokenThatReads(t *testing.T) {
	w := newWorld(t, newAnnouncer().options())
	reader, writer := w.dialWith("ann", "", bearer("cwk_read")), w.dialWith("ann", "", bearer("cwk_write"))
	reader.next()
	writer.next()
	reader.action("timer_start", "a")
	reader.refused(realtime.CodeForbidden)
	writer.action("timer_start", "a")
	writer.update(1, "a", realtime.Running)
	reader.update(1, "a", realtime.Running)
}

func TestRenew(t *testing.T) {
	start := time.Now()
	clock := manualclock.New(start)
	a := newAnnouncer()
	o := a.options()
	o.Now = clock.Now
	w := newWorld(t, o)
	connect := func() *client {
		c := w.dialWith("ann", "", bearer(sessionToken(t, "ann", "one", 15*time.Minute)))
		c.next()
		return c
	}
	c := connect()
	c.send(`{"action":"renew","token":"` + sessionToken(t, "ann", "one", 30*time.Minute) + `"}`)
	renewed := c.next()
	assert.Equal(t, "renewed", renewed.Event)
	assert.WithinDuration(t, start.Add(30*time.Minute), renewed.Payload.ExpiresAt, 2*time.Second)
	clock.Set(start.Add(20 * time.Minute))
	w.server.Sweep()
	c.action("timer_start", "a")
	c.update(1, "a", realtime.Running)
	clock.Set(start.Add(time.Hour))
	w.server.Sweep()
	assert.Equal(t, fanout.CloseTokenExpired, c.closed())

	clock.Set(start)
	a.ended <- []string{"gone"}
	a.ended <- nil // the one before is done
	for name, token := range map[string]string{
		"another-user": sessionToken(t, "bob", "one", time.Hour), "expired": sessionToken(t, "ann", "one", -time.Minute), "none": "", "no-token": "x",
		"personal": "cwk_write", "ended": sessionToken(t, "ann", "gone", time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			c := connect()
			c.send(`{"action":"renew","token":"` + token + `"}`)
			assert.Equal(t, fanout.CloseTokenExpired, c.closed())
		})
	}
}
