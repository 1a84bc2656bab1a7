package timersource

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// signed makes a JWT; its signature is of no interest here.
func signed(t testing.TB, claims jwt.Claims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("key"))
	require.NoError(t, err)
	return text
}

func endsAt(t testing.TB, at time.Time) string {
	t.Helper()
	return signed(t, jwt.RegisteredClaims{ExpiresAt: jwt.NewNumericDate(at), Subject: "s3cret-subject"})
}

func TestSessionExpiryAndCookie(t *testing.T) {
	value := endsAt(t, start)
	tests := []struct {
		name, session, cookie string
		ok                    bool
	}{
		{"bare-value", value, "tenant.session.token=" + value, true},
		{"whole-cookie", "a=b; tenant.session.token=" + value + "; c=d", "a=b; tenant.session.token=" + value + "; c=d", true},
		{"only-the-pair", "tenant.session.token=" + value, "tenant.session.token=" + value, true},
		{"whole-cookie-without-it", "cloud.session.token=" + value, "cloud.session.token=" + value, false},
		{"padded-value", value + "=", "tenant.session.token=" + value + "=", false},
		{"no-jwt", "abc", "tenant.session.token=abc", false},
		{"no-exp", signed(t, jwt.RegisteredClaims{}), "tenant.session.token=" + signed(t, jwt.RegisteredClaims{}), false},
		{"absurd-exp", signed(t, jwt.MapClaims{"exp": 1e18}), "tenant.session.token=" + signed(t, jwt.MapClaims{"exp": 1e18}), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := SessionExpiry(secret.New(tt.session))
			assert.Equal(t, tt.ok, ok)
			if tt.ok {
				assert.Equal(t, start, got)
			}
			assert.Equal(t, tt.cookie, cookieHeader(secret.New(tt.session)))
		})
	}
}

func TestSessionExpiryOfAnAlgorithmNotKnownHere(t *testing.T) {
	// {"alg":"XX999"} . {"exp":1772712000}
	got, ok := SessionExpiry(secret.New("eyJhbGciOiJYWDk5OSJ9.eyJleHAiOjE3NzI3MTIwMDB9.c2ln"))
	assert.True(t, ok)
	assert.Equal(t, start, got)
}

func FuzzSessionExpiry(f *testing.F) {
	f.Add(endsAt(f, start))
	f.Add("a=b; tenant.session.token=" + endsAt(f, start))
	f.Add("eyJ..")
	f.Add(signed(f, jwt.MapClaims{"exp": "soon"}))
	f.Fuzz(func(t *testing.T, session string) {
		at, ok := SessionExpiry(secret.New(session))
		if ok {
			_, err := at.MarshalJSON()
			assert.NoError(t, err)
			return
		}
		assert.True(t, at.IsZero())
	})
}
