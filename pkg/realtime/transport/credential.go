package transport

import (
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
)

// maxEnded bounds how many ended sessions and tokens are remembered.
const maxEnded = 8192

// credential is what a connection was opened with. Transport.mu guards it.
type credential struct {
	expires           time.Time
	session, personal string // ids of the session and of the personal token; "" for none
}

func credentialOf(who auth.Caller) credential {
	return credential{who.Expires, who.SessionID, who.PersonalToken}
}

// closeFrame is how the connection has to be closed; nil if it may stay open.
func (t *Transport) closeFrame(c credential, now time.Time) *fanout.CloseFrame {
	switch {
	case t.closing:
		return &fanout.ClosedRestart
	case t.hasEnded(c):
		return &fanout.ClosedEnded
	case !c.expires.IsZero() && !now.Before(c.expires):
		return &fanout.ClosedExpired
	}
	return nil
}

func (t *Transport) hasEnded(c credential) bool {
	_, session := t.ended[c.session]
	_, personal := t.ended[c.personal]
	return session || personal
}

func (t *Transport) knownToHaveEnded(who auth.Caller) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hasEnded(credentialOf(who))
}

// End closes the connections of sessions and personal tokens that have ended. They
// are remembered until no access token of theirs can be valid.
func (t *Transport) End(ids ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Tasks.Now()
	for _, id := range ids {
		if id != "" {
			t.ended[id] = now
		}
	}
	t.closeEnded(now)
	for id := range t.ended {
		if len(t.ended) <= maxEnded {
			break
		}
		delete(t.ended, id)
	}
}

// closeEnded closes every connection that may not stay open.
func (t *Transport) closeEnded(now time.Time) {
	for c := range t.clients {
		if frame := t.closeFrame(c.credential, now); frame != nil {
			c.out.Close(frame)
		}
	}
}

func (t *Transport) forgetEnded(now time.Time) {
	for id, at := range t.ended {
		if now.Sub(at) > auth.SessionTokenLife {
			delete(t.ended, id)
		}
	}
}

// Personal lists the personal tokens with which connections are open.
func (t *Transport) Personal() (ids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := map[string]bool{"": true}
	for c := range t.clients {
		if id := c.credential.personal; !seen[id] {
			seen[id], ids = true, append(ids, id)
		}
	}
	return ids
}

// renew puts another login of the same user in the place of the connection's.
func (t *Transport) renew(c *conn, token string) (auth.Caller, bool) {
	who, err := t.Verify(token)
	if err != nil || who.UserID != c.from.Caller.UserID {
		return auth.Caller{}, false
	}
	if c.team != nil {
		if viewer, failed := t.Viewer(who); failed != nil || viewer.Admin != c.team.Admin {
			return auth.Caller{}, false
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	next := credential{who.Expires, who.SessionID, c.credential.personal}
	if t.closeFrame(next, t.Tasks.Now()) != nil {
		return auth.Caller{}, false
	}
	c.credential = next
	return who, true
}
