package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/auth/credential"
	"github.com/clockwork-timer/backend/pkg/auth/session"
)

// signout ends all sessions and tokens of one person, by username or account id, and
// announces it. tokens ends only the personal access tokens.
func TestSignOut(t *testing.T) {
	const people = `[{"username":"linh","account_id":"acc-linh","password_hash":"$argon2id$v=19$m=4096,t=1,p=1$c2FsdC1vZi1hLXRlc3QhIQ$Yiy0T3CRxG2jePdR87+xGwwMgT6t5zUlcCT7j5ppPws"}]`
	w, environ := world(t, map[string]string{"JWT_SECRET": jwtSecret, "AUTH_USERS": people})
	create := func() (all []string) {
		for _, user := range []string{"acc-linh", "acc-minh"} {
			for range 2 {
				one, _, err := w.Deps.Sessions.Begin(t.Context(), session.Session{UserID: user, Kind: session.Cookie})
				require.NoError(t, err)
				token, _, err := w.Deps.Tokens.Create(t.Context(), accesstoken.Token{UserID: user, Scope: accesstoken.Read}, 1)
				require.NoError(t, err)
				if user == "acc-linh" {
					all = append(all, one.ID, token.ID)
				}
			}
		}
		return all
	}
	announced := make(chan string, 4)
	ready := make(chan struct{})
	go func() {
		_ = w.Deps.Redis.Subscribe(t.Context(), func() { close(ready) }, func(_, text string) { announced <- text }, credential.EndedChannel)
	}()
	select {
	case <-ready:
	case <-time.After(time.Minute):
		t.Fatal("not subscribed")
	}
	for _, tc := range []struct{ command, user, says string }{
		{"tokens", "linh", "acc-linh: 0 sessions and 2 personal access tokens ended\n"},
		{"signout", "acc-linh", "acc-linh: 2 sessions and 0 personal access tokens ended\n"},
		{"signout", "nobody", "nobody: 0 sessions and 0 personal access tokens ended\n"},
		{"signout", "linh", "acc-linh: 2 sessions and 2 personal access tokens ended\n"},
	} {
		if strings.HasSuffix(tc.says, " 2 personal access tokens ended\n") {
			create()
		}
		var stdout bytes.Buffer
		require.NoError(t, run(t.Context(), []string{tc.command, tc.user}, environ, strings.NewReader(""), &stdout, w.Log))
		assert.Equal(t, tc.says, stdout.String())
	}
	others, err := w.Deps.Tokens.List(t.Context(), "acc-minh")
	require.NoError(t, err)
	assert.Len(t, others, 4)
	all := create()
	require.NoError(t, run(t.Context(), []string{"signout", "linh"}, environ, strings.NewReader(""), &bytes.Buffer{}, w.Log))
	var last credential.Ended
	for range 4 {
		select {
		case text := <-announced:
			last = credential.ParseEnded(text)
		case <-time.After(time.Minute):
			t.Fatal("not announced")
		}
	}
	assert.ElementsMatch(t, all, last.IDs)
}
