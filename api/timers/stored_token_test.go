package timers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/auth/clockworktoken"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const vaultKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// signedIn is a world in which a person is signed in, and has perhaps saved a token.
func signedIn(t *testing.T, n int, saved string) (w *apptest.World, act func(handler http.HandlerFunc, target string, header ...string) apptest.Answer) {
	w = apptest.New(t, apptest.Options{Env: map[string]string{"AUTH_MODE": "required", "JWT_SECRET": "a-signing-key-of-thirty-two-bytes", "TOKEN_ENCRYPTION_KEY": vaultKey}})
	account := w.Person(n).AccountID
	bearer, err := w.Deps.Signer.Sign(auth.Grant{User: users.User{Username: "linh", AccountID: account}, Provider: auth.ProviderPassword})
	require.NoError(t, err)
	if saved != "" {
		token := secret.New(saved)
		if saved == "own" {
			token = secret.New(w.Token(n))
		}
		require.NoError(t, w.Deps.Owners.Claim(t.Context(), token, account))
		require.NoError(t, w.Deps.ClockworkTokens.Save(t.Context(), account, token))
	}
	return w, func(handler http.HandlerFunc, target string, header ...string) apptest.Answer {
		r := apptest.Request{Method: "POST", Target: target, Body: `{"issueKey":"BILL-209"}`, Header: map[string]string{"Authorization": "Bearer " + bearer}}
		for i := 0; i < len(header); i += 2 {
			r.Header[header[i]] = header[i+1]
		}
		return w.Do(t.Context(), handler, r)
	}
}

func TestStartAndStopWithTheStoredToken(t *testing.T) {
	w, act := signedIn(t, 5, "own")
	a := act(timers.HandleStart, start)
	require.Equal(t, 201, a.Status, "%s", a.Body)
	both(runs(5, "BILL-209", true))(t, w, a)
	assert.Contains(t, string(a.Body), w.Person(5).AccountID)
	w.AssertNoSecrets(t, string(a.Body))
	a = act(timers.HandleStop, stop)
	assert.JSONEq(t, `{"stopped":true,"syncRequested":false}`, string(a.Body))
	runs(5, "BILL-209", false)(t, w, a)

	// A token that is sent comes first.
	a = act(timers.HandleStart, start, "X-Clockwork-Token", "refused-by-clockwork")
	assert.Equal(t, 401, a.Status)
	_, err := w.Deps.ClockworkTokens.Load(t.Context(), w.Person(5).AccountID)
	assert.NoError(t, err, "the stored one was not refused")
}

// A stored token costs one Redis command more than one that is sent: whose it is.
func TestCostOfTheStoredToken(t *testing.T) {
	w, act := signedIn(t, 5, "own")
	cost := func(handler http.HandlerFunc, target string, header ...string) int64 {
		return w.Spent(t, func() {
			a := act(handler, target, header...)
			require.Less(t, a.Status, 300, "%s", a.Body)
		}).Commands
	}
	sent := []string{"X-Clockwork-Token", w.Token(5)}
	cost(timers.HandleStart, start, sent...) // looks the names up
	cost(timers.HandleStop, stop, sent...)
	for _, key := range []string{"5f0c8c1e-8c0e-4a53-9c64-4f2f6f0a9d0", ""} {
		var with [4]int64
		for i, header := range [][]string{sent, nil} {
			if key != "" {
				header = append(header, "Idempotency-Key", key+string(rune('0'+i)))
			}
			with[2*i] = cost(timers.HandleStart, start, header...)
			with[2*i+1] = cost(timers.HandleStop, stop, header...)
		}
		t.Logf("start and stop: %d and %d commands with a token that is sent, %d and %d with the stored one", with[0], with[1], with[2], with[3])
		assert.LessOrEqual(t, with[2], with[0]+1)
		assert.LessOrEqual(t, with[3], with[1]+1)
	}
}

func TestStoredTokenThatCannotBeUsed(t *testing.T) {
	for name, tc := range map[string]struct {
		saved  string
		broken *fault.Fault
		status int
		code   string
		kept   bool
	}{
		"none":                  {"", nil, 401, "CLOCKWORK_TOKEN_REQUIRED", false},
		"refused-by-clockwork":  {"refused-by-clockwork", nil, 401, "CLOCKWORK_UNAUTHORIZED", false},
		"forbidden":             {"own", &fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 403}, 401, "CLOCKWORK_UNAUTHORIZED", false},
		"an-outage-is-no-fault": {"own", &fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 500}, 502, "CLOCKWORK_UNAVAILABLE", true},
		"redis-is-silent":       {"own", &fault.Fault{Upstream: "redis", Kind: fault.Status, Status: 500}, 503, "SESSION_UNAVAILABLE", true},
	} {
		t.Run(name, func(t *testing.T) {
			w, act := signedIn(t, 5, tc.saved)
			if tc.broken != nil {
				w.Faults().Add(*tc.broken)
			}
			a := act(timers.HandleStart, start)
			assert.Equal(t, tc.status, a.Status, "%s", a.Body)
			assert.Equal(t, tc.code, a.Failure().Error)
			if tc.code == "CLOCKWORK_UNAUTHORIZED" {
				assert.Contains(t, a.Failure().Message, "Save a new one")
			}
			w.AssertNoSecrets(t, string(a.Body))
			w.Faults().Clear()
			_, err := w.Deps.ClockworkTokens.Load(t.Context(), w.Person(5).AccountID)
			if tc.kept {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, clockworktoken.ErrNone)
			}
		})
	}
}

// A sync that sees a start with the saved token on another's account ends the use of
// that token.
func TestSavedTokenOfAnother(t *testing.T) {
	w, act := signedIn(t, 5, "")
	account, another := w.Person(5).AccountID, secret.New(w.Token(6))
	save := func() {
		require.NoError(t, w.Deps.Owners.Claim(t.Context(), another, account))
		require.NoError(t, w.Deps.ClockworkTokens.Save(t.Context(), account, another))
	}
	save()
	require.Equal(t, 201, act(timers.HandleStart, start).Status)
	w.Clock.Advance(time.Second)
	w.Sync(t)
	shows(5, "BILL-209", false)(t, w, apptest.Answer{})

	a := act(timers.HandleStop, stop)
	assert.Equal(t, 409, a.Status, "%s", a.Body)
	assert.Equal(t, "CLOCKWORK_TOKEN_OF_ANOTHER", a.Failure().Error)
	assert.Contains(t, a.Failure().Message, "so it was deleted")
	runs(6, "BILL-209", true)(t, w, a)
	_, err := w.Deps.ClockworkTokens.Load(t.Context(), account)
	require.ErrorIs(t, err, clockworktoken.ErrNone)
	assert.Equal(t, "CLOCKWORK_TOKEN_REQUIRED", act(timers.HandleStart, start).Failure().Error)

	save() // who says so again is believed until the next sync
	require.Equal(t, 200, act(timers.HandleStop, stop).Status)
}

// In open mode too a login says whose saved token is meant, if no token is sent.
func TestSavedTokenInOpenMode(t *testing.T) {
	env := map[string]string{"AUTH_MODE": "open", "JWT_SECRET": "a-signing-key-of-thirty-two-bytes", "TOKEN_ENCRYPTION_KEY": vaultKey}
	w := apptest.New(t, apptest.Options{Env: env})
	account := w.Person(5).AccountID
	require.NoError(t, w.Deps.ClockworkTokens.Save(t.Context(), account, secret.New(w.Token(5))))
	bearer := func(account string) string {
		token, err := w.Deps.Signer.Sign(auth.Grant{User: users.User{Username: "linh", AccountID: account}, Provider: auth.ProviderPassword})
		require.NoError(t, err)
		return "Bearer " + token
	}
	_, readOnly, err := w.Deps.Tokens.Create(t.Context(), accesstoken.Token{UserID: account, AccountID: account, Provider: "oidc", Scope: accesstoken.Read}, 1)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		header map[string]string
		status int
		code   string
	}{
		"with-a-login":                  {map[string]string{"Authorization": bearer(account)}, 201, ""},
		"nothing-saved":                 {map[string]string{"Authorization": bearer(w.Person(4).AccountID)}, 401, "CLOCKWORK_TOKEN_REQUIRED"},
		"an-expired-login":              {map[string]string{"Authorization": "Bearer eyJ"}, 401, "UNAUTHORIZED"},
		"no-login":                      {nil, 401, "CLOCKWORK_TOKEN_REQUIRED"},
		"a-token-of-small-scope":        {map[string]string{"Authorization": "Bearer " + readOnly}, 403, "SCOPE_TOO_SMALL"},
		"a-sent-token-needs-no-login":   {map[string]string{"X-Clockwork-Token": w.Token(5), "Authorization": "Bearer eyJ"}, 201, ""},
		"a-sent-token-of-another-login": {map[string]string{"X-Clockwork-Token": w.Token(5), "Authorization": bearer(w.Person(4).AccountID)}, 201, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.Do(t.Context(), timers.HandleStart, apptest.Request{Method: "POST", Target: start, Header: tc.header, Body: `{"issueKey":"BILL-209"}`})
			assert.Equal(t, tc.status, a.Status, "%s", a.Body)
			if tc.code != "" {
				assert.Equal(t, tc.code, a.Failure().Error)
				return
			}
			_, err := w.Sandbox.StopTimer(account, "BILL-209")
			require.NoError(t, err)
		})
	}
}
