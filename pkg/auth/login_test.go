package auth_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/auth/users"
)

// Hashes of "correct horse", of the least cost and of twice that.
const (
	hash4MiB = "$argon2id$v=19$m=4096,t=1,p=1$c2FsdC1vZi1hLXRlc3QhIQ$Yiy0T3CRxG2jePdR87+xGwwMgT6t5zUlcCT7j5ppPws"
	hash8MiB = "$argon2id$v=19$m=8192,t=1,p=1$c2FsdC1vZi1hLXRlc3QhIQ$PG77rR586aakw4wFuIyz920eqet4OTFjKpuefXZo73I"
)

func people(t testing.TB, text string) users.List {
	t.Helper()
	l, err := users.Parse(text)
	require.NoError(t, err)
	return l
}

// login is a login of two users, whose failures are counted in the process.
func login(t testing.TB, c *manualclock.Clock) *auth.Login {
	list := people(t, `[{"username":"an","password_hash":"`+hash4MiB+`","account_id":"acc-an","email":"An@example.test","role":"admin"},
		{"username":"bo","password_hash":"`+hash4MiB+`"}]`)
	return auth.NewLogin(list, auth.Signer{Secret: signingSecret, Now: c.Now}, auth.NewAttempts(gone{}, []byte("key"), c.Now, silent))
}

func TestEnter(t *testing.T) {
	c := manualclock.New(now)
	l := login(t, c)
	token, err := l.Enter(t.Context(), " AN ", "correct horse", "192.0.2.1")
	require.NoError(t, err)
	assert.Equal(t, "acc-an", token.UserID)
	assert.Equal(t, 12*time.Hour, token.ExpiresIn)

	verify := auth.Verifier{Secrets: []string{signingSecret}, Now: c.Now}
	got, err := verify.Verify(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, auth.Caller{Known: true, UserID: "acc-an", AccountID: "acc-an", Email: "an@example.test", Admin: true, Expires: now.Add(12 * time.Hour).Local()}, got)
	c.Advance(12*time.Hour - time.Second)
	_, err = verify.Verify(token.AccessToken)
	require.NoError(t, err)
	c.Advance(time.Second)
	_, err = verify.Verify(token.AccessToken)
	require.ErrorIs(t, err, auth.ErrBadToken, "expired")

	token, err = l.Enter(t.Context(), "bo", "correct horse", "192.0.2.1")
	require.NoError(t, err)
	got, err = verify.Verify(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, "bo", token.UserID, "the username, where there is no account")
	assert.Equal(t, auth.Caller{Known: true, UserID: "bo", Expires: c.Now().Add(12 * time.Hour).Local()}, got)
}

func TestEnterRefuses(t *testing.T) {
	tests := []struct{ name, username, password string }{
		{"wrong-password", "an", "correct horse "},
		{"empty-password", "an", ""},
		{"unknown-user", "nobody", "correct horse"},
		{"no-user", "", "correct horse"},
		{"account-id-for-name", "acc-an", "correct horse"},
		{"the-hash-itself", "an", hash4MiB},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token, err := login(t, manualclock.New(now)).Enter(t.Context(), tt.username, tt.password, "192.0.2.1")
			require.ErrorIs(t, err, auth.ErrWrongLogin)
			assert.Equal(t, auth.ErrWrongLogin.Error(), err.Error(), "the log must not tell names or which of the two was wrong")
			assert.Zero(t, token)
		})
	}
}

// What an answer takes is the work of checking one hash, whoever asks.
func TestEnterWorksTheSameForEverybody(t *testing.T) {
	for name, username := range map[string]string{"known": "an", "unknown": "nobody", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			l := login(t, manualclock.New(now))
			var checks []password.Cost
			l.SetMatches(func(h password.Hash, text string) bool {
				checks = append(checks, h.Cost())
				return h.Matches(text)
			})
			_, err := l.Enter(t.Context(), username, "wrong", "192.0.2.1")
			require.ErrorIs(t, err, auth.ErrWrongLogin)
			assert.Equal(t, []password.Cost{{Memory: 4096, Passes: 1, Threads: 1}}, checks)
		})
	}
}

// Even a decoy that matched would let nobody in.
func TestEnterUnknownUserWhoseDecoyMatches(t *testing.T) {
	l := login(t, manualclock.New(now))
	l.SetMatches(func(password.Hash, string) bool { return true })
	_, err := l.Enter(t.Context(), "nobody", "x", "192.0.2.1")
	require.ErrorIs(t, err, auth.ErrWrongLogin)
}

func TestEnterTooOften(t *testing.T) {
	for _, username := range []string{"an", "nobody"} {
		t.Run(username, func(t *testing.T) {
			c := manualclock.New(now)
			l := login(t, c)
			checks := 0
			l.SetMatches(func(h password.Hash, text string) bool { checks++; return h.Matches(text) })
			for range auth.PerUser.Burst {
				_, err := l.Enter(t.Context(), username, "wrong", "192.0.2.1")
				require.ErrorIs(t, err, auth.ErrWrongLogin)
			}
			_, err := l.Enter(t.Context(), username, "correct horse", "192.0.2.1")
			var limited *auth.TooManyAttempts
			require.ErrorAs(t, err, &limited)
			assert.Equal(t, time.Minute, limited.RetryAfter)
			assert.Equal(t, auth.PerUser.Burst, checks, "no work for who is refused, and no hint whether the password was right")
			assert.Equal(t, "too many attempts to log in, the next in 1m0s", err.Error(), "the log must not tell whose")
		})
	}
}

func TestEnterRightIsNotLimited(t *testing.T) {
	l := login(t, manualclock.New(now))
	l.SetMatches(func(_ password.Hash, text string) bool { return text == "right" })
	for range 2 * auth.PerAddress.Burst {
		_, err := l.Enter(t.Context(), "an", "right", "192.0.2.1")
		require.NoError(t, err)
	}
}

func TestEnterNotConfigured(t *testing.T) {
	c := manualclock.New(now)
	attempts := auth.NewAttempts(gone{}, nil, c.Now, silent)
	some := people(t, `[{"username":"an","password_hash":"`+hash4MiB+`"}]`)
	for name, l := range map[string]*auth.Login{
		"no-secret": auth.NewLogin(some, auth.Signer{Now: c.Now}, attempts),
		"no-users":  auth.NewLogin(users.List{}, auth.Signer{Secret: signingSecret, Now: c.Now}, attempts),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := l.Enter(t.Context(), "an", "correct horse", "192.0.2.1")
			require.ErrorIs(t, err, auth.ErrNoLogin)
		})
	}
}

// However many log in at once, only so many hashes take memory; who cannot wait
// is told.
func TestEnterChecksFewAtOnce(t *testing.T) {
	l := login(t, manualclock.New(now))
	busy, release := make(chan struct{}), make(chan struct{})
	var atOnce atomic.Int32
	l.SetMatches(func(password.Hash, string) bool {
		assert.LessOrEqual(t, atOnce.Add(1), int32(auth.ChecksAtOnce))
		busy <- struct{}{}
		<-release
		atOnce.Add(-1)
		return true
	})
	var all sync.WaitGroup
	for range auth.ChecksAtOnce + 3 {
		all.Go(func() {
			_, err := l.Enter(context.Background(), "an", "x", "192.0.2.1")
			assert.NoError(t, err)
		})
	}
	for range auth.ChecksAtOnce {
		<-busy
	}
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := l.Enter(hurried, "bo", "x", "192.0.2.1")
	require.ErrorIs(t, err, context.Canceled)
	go func() {
		for range 3 {
			<-busy
		}
	}()
	close(release)
	all.Wait()
}

// A token signed before a rotation is good after it, and new ones are signed
// with the new secret.
func TestEnterWhileASecretIsRotated(t *testing.T) {
	c := manualclock.New(now)
	list := people(t, `[{"username":"an","password_hash":"`+hash8MiB+`"}]`)
	enter := func(secret string) string {
		l := auth.NewLogin(list, auth.Signer{Secret: secret, Now: c.Now}, auth.NewAttempts(gone{}, []byte(secret), c.Now, silent))
		token, err := l.Enter(t.Context(), "an", "correct horse", "192.0.2.1")
		require.NoError(t, err)
		return token.AccessToken
	}
	const older, newer = "the-older-secret-of-thirty-two-b", "the-newer-secret-of-thirty-two-b"
	before, after := enter(older), enter(newer)
	during := auth.Verifier{Secrets: []string{newer, older}, Now: c.Now}
	for _, token := range []string{before, after} {
		_, err := during.Verify(token)
		require.NoError(t, err)
	}
	done := auth.Verifier{Secrets: []string{newer}, Now: c.Now}
	_, err := done.Verify(before)
	require.ErrorIs(t, err, auth.ErrBadToken)
	_, err = done.Verify(after)
	require.NoError(t, err)
}
