package auth_test

import (
	"context"
	"fmt"
	"sync"
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
	return auth.NewLogin(list, auth.NewAttempts(gone, []byte("key"), c.Now, silent), auth.Devices{Secrets: []string{signingSecret}, Now: c.Now})
}

// from are credentials that come from one address.
func from(username, password string) auth.Credentials {
	return auth.Credentials{Username: username, Password: password, Address: "192.0.2.1"}
}

func TestLogIn(t *testing.T) {
	l := login(t, manualclock.New(now))
	in, err := l.LogIn(t.Context(), from(" AN ", "correct horse"))
	require.NoError(t, err)
	assert.Equal(t, users.User{Username: "an", AccountID: "acc-an", Email: "an@example.test", Role: auth.RoleAdmin}, in.User)
	in, err = l.LogIn(t.Context(), from("bo", "correct horse"))
	require.NoError(t, err)
	assert.Equal(t, "bo", in.User.ID(), "the username, if there is no account")
}

func TestSign(t *testing.T) {
	an := users.User{Username: "an", AccountID: "acc-an", Email: "an@example.test", Role: auth.RoleAdmin}
	for name, tt := range map[string]struct {
		grant auth.Grant
		want  auth.Caller
		life  time.Duration
	}{
		"a-login":   {auth.Grant{User: an}, auth.Caller{UserID: "acc-an", AccountID: "acc-an", Email: "an@example.test", Admin: true}, 12 * time.Hour},
		"a-session": {auth.Grant{User: users.User{Username: "bo"}, SessionID: "s1", Provider: "oidc"}, auth.Caller{UserID: "bo", SessionID: "s1", Provider: "oidc"}, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			c := manualclock.New(now)
			token, err := auth.Signer{Secret: signingSecret, Now: c.Now}.Sign(tt.grant)
			require.NoError(t, err)
			assert.Equal(t, tt.life, tt.grant.Life())
			verify := auth.Verifier{Secrets: []string{signingSecret}, Now: c.Now}
			tt.want.Known, tt.want.Expires = true, now.Add(tt.life).Local()
			c.Advance(tt.life - time.Second)
			got, err := verify.Verify(token)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			c.Advance(time.Second)
			_, err = verify.Verify(token)
			require.ErrorIs(t, err, auth.ErrBadToken, "expired")
		})
	}
	_, err := auth.Signer{Now: time.Now}.Sign(auth.Grant{User: an})
	require.ErrorIs(t, err, auth.ErrNoLogin, "with an empty secret everybody could sign")
}

func TestLogInRefuses(t *testing.T) {
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
			token, err := login(t, manualclock.New(now)).LogIn(t.Context(), from(tt.username, tt.password))
			require.ErrorIs(t, err, auth.ErrWrongLogin)
			assert.Equal(t, auth.ErrWrongLogin.Error(), err.Error(), "the log must not tell names or which of the two was wrong")
			assert.Zero(t, token)
		})
	}
}

// What an answer takes is the work of checking one hash, whoever asks.
func TestLogInWorksTheSameForEverybody(t *testing.T) {
	for name, username := range map[string]string{"known": "an", "unknown": "nobody", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			l := login(t, manualclock.New(now))
			var checks []password.Cost
			l.SetMatches(func(h password.Hash, text string) bool {
				checks = append(checks, h.Cost())
				return h.Matches(text)
			})
			_, err := l.LogIn(t.Context(), from(username, "wrong"))
			require.ErrorIs(t, err, auth.ErrWrongLogin)
			assert.Equal(t, []password.Cost{{Memory: 4096, Passes: 1, Threads: 1}}, checks)
		})
	}
}

// Even a decoy that matched would let nobody in.
func TestLogInUnknownUserWhoseDecoyMatches(t *testing.T) {
	l := login(t, manualclock.New(now))
	l.SetMatches(func(password.Hash, string) bool { return true })
	_, err := l.LogIn(t.Context(), from("nobody", "x"))
	require.ErrorIs(t, err, auth.ErrWrongLogin)
}

func TestLogInTooOften(t *testing.T) {
	for _, username := range []string{"an", "nobody"} {
		t.Run(username, func(t *testing.T) {
			c := manualclock.New(now)
			l := login(t, c)
			checks := 0
			l.SetMatches(func(h password.Hash, text string) bool { checks++; return h.Matches(text) })
			for range auth.PerPair.Burst {
				_, err := l.LogIn(t.Context(), from(username, "wrong"))
				require.ErrorIs(t, err, auth.ErrWrongLogin)
			}
			_, err := l.LogIn(t.Context(), from(username, "correct horse"))
			var limited *auth.TooManyAttempts
			require.ErrorAs(t, err, &limited)
			assert.Equal(t, time.Minute, limited.RetryAfter)
			assert.Equal(t, auth.PerPair.Burst, checks, "no work for who is refused, and no hint whether the password was right")
			assert.Equal(t, "too many attempts to log in, the next in 1m0s", err.Error(), "the log must not tell whose")
		})
	}
}

func TestLogInRightIsNotLimited(t *testing.T) {
	l := login(t, manualclock.New(now))
	l.SetMatches(func(_ password.Hash, text string) bool { return text == "right" })
	for range 2 * auth.PerAddress.Burst {
		_, err := l.LogIn(t.Context(), from("an", "right"))
		require.NoError(t, err)
	}
}

func TestLogInNotConfigured(t *testing.T) {
	c := manualclock.New(now)
	attempts := auth.NewAttempts(gone, nil, c.Now, silent)
	some := people(t, `[{"username":"an","password_hash":"`+hash4MiB+`"}]`)
	for name, l := range map[string]*auth.Login{
		"no-secret": auth.NewLogin(some, attempts, auth.Devices{Now: c.Now}),
		"no-users":  auth.NewLogin(users.List{}, attempts, auth.Devices{Secrets: []string{signingSecret}, Now: c.Now}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := l.LogIn(t.Context(), from("an", "correct horse"))
			require.ErrorIs(t, err, auth.ErrNoLogin)
		})
	}
}

// stalled is a login whose checks of passwords do not end before release is
// closed; each is sent to busy as it begins.
func stalled(t *testing.T, others int) (l *auth.Login, busy chan struct{}, release chan struct{}) {
	l = login(t, manualclock.New(now))
	l.SetUnknown(others)
	busy, release = make(chan struct{}), make(chan struct{})
	l.SetMatches(func(password.Hash, string) bool {
		busy <- struct{}{}
		<-release
		return true
	})
	return l, busy, release
}

// However many log in at once, only a few hashes are computed at a time. The queue
// behind them is bounded, and a login beyond it is refused.
func TestLogInChecksFewAtOnce(t *testing.T) {
	const atOnce = 2
	l, busy, release := stalled(t, atOnce)
	results := make(chan error)
	enter := func(n int) {
		_, err := l.LogIn(context.Background(), auth.Credentials{Username: fmt.Sprintf("user-%d", n), Password: "x", Address: fmt.Sprintf("192.0.2.%d", n)})
		results <- err
	}
	for n := range atOnce {
		go enter(n)
		<-busy
	}
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := l.LogIn(hurried, from("bo", "x"))
	require.ErrorIs(t, err, context.Canceled)

	for n := range auth.MaxWaiting + 20 {
		go enter(10 + n)
	}
	for range 20 {
		require.ErrorIs(t, <-results, auth.ErrLoginBusy)
	}
	for range 2 * auth.PerPair.Burst {
		_, err := l.LogIn(t.Context(), from("an", "x"))
		require.ErrorIs(t, err, auth.ErrLoginBusy, "who was never checked has not failed")
	}
	select {
	case <-busy:
		assert.Fail(t, "more checks at once than there may be")
	default:
	}
	close(release)
	for n := range atOnce + auth.MaxWaiting {
		if n >= atOnce {
			<-busy
		}
		require.ErrorIs(t, <-results, auth.ErrWrongLogin, "they had their turn")
	}
}

// Strangers who keep every check busy do not keep out whose device is known.
func TestLogInFromAKnownDeviceWhileStrangersWait(t *testing.T) {
	l, busy, release := stalled(t, 1)
	var all sync.WaitGroup
	for n := range 1 + auth.MaxWaiting {
		all.Go(func() {
			_, _ = l.LogIn(context.Background(), auth.Credentials{Username: "an", Password: "x", Address: fmt.Sprintf("192.0.2.%d", n)})
		})
	}
	<-busy
	device := auth.Devices{Secrets: []string{signingSecret}, Now: manualclock.New(now).Now}.Issue("an", "")
	entered := make(chan error)
	go func() {
		_, err := l.LogIn(context.Background(), auth.Credentials{Username: "an", Password: "x", Address: "192.0.2.1", Devices: []string{device}})
		entered <- err
	}()
	<-busy // its check runs beside the others'
	close(release)
	drained := make(chan struct{})
	go func() {
		for {
			select {
			case <-busy:
			case <-drained:
				return
			}
		}
	}()
	require.NoError(t, <-entered)
	all.Wait()
	close(drained)
}

// However many others fail with somebody's name, from wherever, the right
// password lets them in; on a new device it may take a moment, on a known one
// nothing is different.
func TestLogInWhileStrangersFail(t *testing.T) {
	c := manualclock.New(now)
	l := login(t, c)
	l.SetMatches(func(_ password.Hash, text string) bool { return text == "right" })
	var slept []time.Duration
	l.SetSleep(func(_ context.Context, wait time.Duration) error { slept = append(slept, wait); return nil })
	first, err := l.LogIn(t.Context(), from("an", "right"))
	require.NoError(t, err)

	for n := range 500 {
		_, err := l.LogIn(t.Context(), auth.Credentials{Username: "an", Password: "guess", Address: fmt.Sprintf("198.51.100.%d", n/20)})
		require.Error(t, err)
	}
	for range 2 * auth.PerAddress.Burst { // one of them behind the same address
		_, err := l.LogIn(t.Context(), from("an", "guess"))
		require.Error(t, err)
	}
	slept = nil
	_, err = l.LogIn(t.Context(), auth.Credentials{Username: "an", Password: "right", Address: "203.0.113.7"})
	require.NoError(t, err, "from a new device")
	assert.Equal(t, []time.Duration{auth.Slowest}, slept)
	slept = nil
	known := auth.Credentials{Username: "AN", Password: "right", Address: "192.0.2.1", Devices: []string{"", "nonsense", first.Device}}
	_, err = l.LogIn(t.Context(), known)
	require.NoError(t, err, "from a known device, though its address is shut")
	assert.Equal(t, []time.Duration{0}, slept)

	var limited *auth.TooManyAttempts
	_, err = l.LogIn(t.Context(), from("an", "right"))
	require.ErrorAs(t, err, &limited, "the guesser's own address stays shut")
	_, err = l.LogIn(t.Context(), auth.Credentials{Username: "bo", Password: "right", Address: "192.0.2.1", Devices: []string{first.Device}})
	require.NoError(t, err, "another name is another matter")
	known.Password = "guess"
	for range auth.PerDevice.Burst {
		_, err = l.LogIn(t.Context(), known)
		require.ErrorIs(t, err, auth.ErrWrongLogin)
	}
	_, err = l.LogIn(t.Context(), known)
	require.ErrorAs(t, err, &limited, "a known device does not guess without end")
}

// Who hangs up while the name is slow is not checked.
func TestLogInHungUpWhileSlow(t *testing.T) {
	l := login(t, manualclock.New(now))
	l.SetSleep(func(context.Context, time.Duration) error { return context.Canceled })
	l.SetMatches(func(password.Hash, string) bool { t.Error("a password was checked"); return true })
	for range 2 * auth.PerPair.Burst { // nor counted
		_, err := l.LogIn(t.Context(), from("an", "x"))
		require.ErrorIs(t, err, context.Canceled)
	}
}

// A token signed before a rotation is good after it, and new ones are signed
// with the new secret.
func TestSignWhileASecretIsRotated(t *testing.T) {
	c := manualclock.New(now)
	enter := func(secret string) string {
		token, err := auth.Signer{Secret: secret, Now: c.Now}.Sign(auth.Grant{User: users.User{Username: "an"}})
		require.NoError(t, err)
		return token
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
