package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/auth"
)

const signingSecret = "a-secret-of-this-test-0123456789"

var now = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

func verifier(secrets ...string) auth.Verifier {
	return auth.Verifier{Secrets: secrets, Now: func() time.Time { return now }}
}

// claims are those of a good token; a change makes them bad.
func claims(change func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": "clockwork", "aud": "clockwork-api", "sub": "ann", "account_id": "acc-ann", "email": "Ann@Example.test",
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Minute).Unix(),
	}
	if change != nil {
		change(c)
	}
	return c
}

func signed(t testing.TB, method jwt.SigningMethod, key any, c jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, c).SignedString(key)
	require.NoError(t, err)
	return token
}

func hs256(t testing.TB, secret string, change func(jwt.MapClaims)) string {
	t.Helper()
	return signed(t, jwt.SigningMethodHS256, []byte(secret), claims(change))
}

func TestVerify(t *testing.T) {
	got, err := verifier(signingSecret).Verify(hs256(t, signingSecret, nil))
	require.NoError(t, err)
	assert.Equal(t, auth.Caller{Known: true, UserID: "ann", AccountID: "acc-ann", Email: "ann@example.test", Expires: now.Add(time.Minute).Local()}, got)

	for name, change := range map[string]func(jwt.MapClaims){
		"several-audiences": func(c jwt.MapClaims) { c["aud"] = []string{"other", "clockwork-api"} },
		"just-issued":       func(c jwt.MapClaims) { c["iat"] = now.Unix() },
		"by-another-clock":  func(c jwt.MapClaims) { c["iat"] = now.Add(5 * time.Second).Unix() },
		"last-second":       func(c jwt.MapClaims) { c["exp"] = now.Unix() + 1 },
		"without-account":   func(c jwt.MapClaims) { delete(c, "account_id"); delete(c, "email") },
		"unknown-claim":     func(c jwt.MapClaims) { c["x"] = map[string]any{"y": 1} },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := verifier(signingSecret).Verify(hs256(t, signingSecret, change))
			require.NoError(t, err)
			assert.Equal(t, "ann", got.UserID)
			assert.False(t, got.Admin)
		})
	}
}

func TestVerifyRole(t *testing.T) {
	for role, admin := range map[string]bool{"admin": true, "Admin": false, "user": false, "": false, "admin ": false} {
		got, err := verifier(signingSecret).Verify(hs256(t, signingSecret, func(c jwt.MapClaims) { c["role"] = role }))
		require.NoError(t, err)
		assert.Equal(t, admin, got.Admin, role)
	}
}

func TestVerifyRefusesClaims(t *testing.T) {
	for name, change := range map[string]func(jwt.MapClaims){
		"expired":             func(c jwt.MapClaims) { c["exp"] = now.Add(-time.Second).Unix() },
		"expires-now":         func(c jwt.MapClaims) { c["exp"] = now.Unix() },
		"missing-exp":         func(c jwt.MapClaims) { delete(c, "exp") },
		"null-exp":            func(c jwt.MapClaims) { c["exp"] = nil },
		"text-exp":            func(c jwt.MapClaims) { c["exp"] = "tomorrow" },
		"wrong-issuer":        func(c jwt.MapClaims) { c["iss"] = "clockwork-staging" },
		"missing-issuer":      func(c jwt.MapClaims) { delete(c, "iss") },
		"wrong-audience":      func(c jwt.MapClaims) { c["aud"] = "other" },
		"missing-audience":    func(c jwt.MapClaims) { delete(c, "aud") },
		"empty-audience":      func(c jwt.MapClaims) { c["aud"] = []string{} },
		"issued-in-future":    func(c jwt.MapClaims) { c["iat"] = now.Add(time.Minute).Unix() },
		"missing-iat":         func(c jwt.MapClaims) { delete(c, "iat") },
		"not-yet-valid":       func(c jwt.MapClaims) { c["nbf"] = now.Add(time.Minute).Unix() },
		"missing-subject":     func(c jwt.MapClaims) { delete(c, "sub") },
		"empty-subject":       func(c jwt.MapClaims) { c["sub"] = "" },
		"subject-is-a-number": func(c jwt.MapClaims) { c["sub"] = 1 },
		"account-is-a-list":   func(c jwt.MapClaims) { c["account_id"] = []string{"ann"} },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := verifier(signingSecret).Verify(hs256(t, signingSecret, change))
			require.ErrorIs(t, err, auth.ErrBadToken)
			assert.Zero(t, got)
		})
	}
}

func TestVerifyRefusesSignatures(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	good := hs256(t, signingSecret, nil)
	parts := strings.Split(good, ".")
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	adminBody := part(`{"iss":"clockwork","aud":"clockwork-api","sub":"ann","role":"admin","exp":9999999999}`)
	for name, token := range map[string]string{
		"none":                   signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil)),
		"none-with-a-signature":  part(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"none-in-another-case":   part(`{"alg":"NONE"}`) + "." + parts[1] + ".",
		"hs384":                  signed(t, jwt.SigningMethodHS384, []byte(signingSecret), claims(nil)),
		"hs512":                  signed(t, jwt.SigningMethodHS512, []byte(signingSecret), claims(nil)),
		"rs256":                  signed(t, jwt.SigningMethodRS256, rsaKey, claims(nil)),
		"another-secret":         hs256(t, signingSecret+"x", nil),
		"empty-secret":           hs256(t, "", nil),
		"signature-cut":          good[:len(good)-5],
		"signature-missing":      parts[0] + "." + parts[1] + ".",
		"body-replaced":          parts[0] + "." + adminBody + "." + parts[2],
		"two-parts":              parts[0] + "." + parts[1],
		"four-parts":             good + ".x",
		"empty":                  "",
		"not-a-token":            "x",
		"dots":                   "..",
		"padded":                 parts[0] + "=." + parts[1] + "." + parts[2],
		"header-is-not-json":     part("x") + "." + parts[1] + "." + parts[2],
		"header-without-an-alg":  part("{}") + "." + parts[1] + "." + parts[2],
		"key-named-in-the-token": part(`{"alg":"HS256","jwk":{"kty":"oct","k":""}}`) + "." + parts[1] + ".",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := verifier(signingSecret).Verify(token)
			require.ErrorIs(t, err, auth.ErrBadToken)
			assert.Zero(t, got)
			if len(parts[2]) > 0 && token != "" {
				assert.NotContains(t, err.Error(), parts[1], "an error goes to the log, a token does not")
			}
		})
	}
}

func TestVerifyWhileASecretIsRotated(t *testing.T) {
	both := verifier("the-new-one-0123456789", signingSecret)
	for _, secret := range []string{"the-new-one-0123456789", signingSecret} {
		_, err := both.Verify(hs256(t, secret, nil))
		require.NoError(t, err)
	}
	_, err := verifier("the-new-one-0123456789").Verify(hs256(t, signingSecret, nil))
	require.ErrorIs(t, err, auth.ErrBadToken, "once the old one is taken away, its tokens end")
}

func TestVerifyWithoutSecrets(t *testing.T) {
	for _, v := range []auth.Verifier{verifier(), verifier(""), verifier("", "")} {
		_, err := v.Verify(hs256(t, "", nil))
		require.ErrorIs(t, err, auth.ErrNotConfigured)
	}
	_, err := verifier(signingSecret, "").Verify(hs256(t, "", nil))
	require.ErrorIs(t, err, auth.ErrBadToken, "an empty place in the list is no secret")
}

// A token that was valid a moment ago costs no second check, and is believed no longer
// than it says.
func TestVerifyAgain(t *testing.T) {
	c := manualclock.New(now)
	v := auth.Verifier{Secrets: []string{signingSecret}, Now: c.Now, Recent: &auth.Recent{}}
	token := hs256(t, signingSecret, func(c jwt.MapClaims) { c["nbf"] = now.Add(-time.Second).Unix() })
	first, err := v.Verify(token)
	require.NoError(t, err)
	assert.LessOrEqual(t, testing.AllocsPerRun(10, func() {
		again, err := v.Verify(token)
		require.NoError(t, err)
		require.Equal(t, first.UserID, again.UserID)
	}), 20.0, "some 60 if it were parsed")

	for at := 2; at < len(token); at += 7 {
		other := []byte(token)
		other[at] ^= 1
		_, err := v.Verify(string(other))
		require.ErrorIs(t, err, auth.ErrBadToken, "one letter of it is another: %d", at)
	}

	c.Advance(-time.Minute)
	_, err = v.Verify(token)
	require.ErrorIs(t, err, auth.ErrBadToken, "the clock has stepped back to before the token's time")
	c.Advance(2*time.Minute - time.Nanosecond)
	_, err = v.Verify(token)
	require.NoError(t, err)
	c.Advance(time.Nanosecond)
	_, err = v.Verify(token)
	require.ErrorIs(t, err, auth.ErrBadToken, "it has expired")
}

func TestVerifyTakesTheRealClock(t *testing.T) {
	_, err := auth.Verifier{Secrets: []string{signingSecret}}.Verify(hs256(t, signingSecret, func(c jwt.MapClaims) {
		c["exp"] = time.Now().Add(-time.Minute).Unix()
	}))
	require.ErrorIs(t, err, auth.ErrBadToken)
}

// FuzzVerify: no text but a signed one is accepted.
func FuzzVerify(f *testing.F) {
	for _, seed := range []string{"", ".", "..", "a.b.c", hs256(f, "guessed", nil), signed(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		got, err := verifier(signingSecret).Verify(token)
		require.ErrorIs(t, err, auth.ErrBadToken)
		assert.Zero(t, got)
	})
}

// BenchmarkVerify is the check of a token, and that of one that was checked before.
func BenchmarkVerify(b *testing.B) {
	token := hs256(b, signingSecret, nil)
	for name, recent := range map[string]*auth.Recent{"checked": nil, "again": {}} {
		b.Run(name, func(b *testing.B) {
			v := verifier(signingSecret)
			v.Recent = recent
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
