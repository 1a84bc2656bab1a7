package main

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth"
)

// Only tokens that this server signed are accepted.
func TestAttackByToken(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	claims := func(change func(*auth.Claims)) auth.Claims {
		c := auth.Claims{AccountID: v.Person(3).AccountID, Role: auth.RoleAdmin, RegisteredClaims: jwt.RegisteredClaims{Subject: "x", Issuer: auth.Issuer,
			Audience: jwt.ClaimStrings{auth.Audience}, IssuedAt: jwt.NewNumericDate(time.Now()), ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))}}
		if change != nil {
			change(&c)
		}
		return c
	}
	signed := func(method jwt.SigningMethod, key any, c auth.Claims) string {
		text, err := jwt.NewWithClaims(method, c).SignedString(key)
		require.NoError(t, err)
		return text
	}
	good := strings.Split(v.token, ".")
	payload, _ := base64.RawURLEncoding.DecodeString(good[1])
	forged := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), v.Person(1).AccountID, v.Person(3).AccountID, 1)))
	for name, token := range map[string]string{
		"none":              signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil)),
		"none-by-hand":      base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"nOnE"}`)) + "." + forged + ".",
		"another-secret":    signed(jwt.SigningMethodHS256, []byte(attackedSecret+"x"), claims(nil)),
		"empty-secret":      signed(jwt.SigningMethodHS256, []byte(""), claims(nil)),
		"another-algorithm": signed(jwt.SigningMethodHS512, []byte(attackedSecret), claims(nil)),
		"changed-claims":    good[0] + "." + forged + "." + good[2],
		"no-signature":      good[0] + "." + good[1] + ".",
		"expired":           signed(jwt.SigningMethodHS256, []byte(attackedSecret), claims(func(c *auth.Claims) { c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Minute)) })),
		"no-expiry":         signed(jwt.SigningMethodHS256, []byte(attackedSecret), claims(func(c *auth.Claims) { c.ExpiresAt = nil })),
		"another-issuer":    signed(jwt.SigningMethodHS256, []byte(attackedSecret), claims(func(c *auth.Claims) { c.Issuer = "clockwork2" })),
		"another-audience":  signed(jwt.SigningMethodHS256, []byte(attackedSecret), claims(func(c *auth.Claims) { c.Audience = jwt.ClaimStrings{"x"} })),
		"no-subject":        signed(jwt.SigningMethodHS256, []byte(attackedSecret), claims(func(c *auth.Claims) { c.Subject = "" })),
	} {
		t.Run(name, func(t *testing.T) {
			for _, target := range []string{"/api/timers/active?accountId=OTHER", "/timers", "/api/timers/stream"} {
				got := v.raw(t, strings.Replace(v.text(get(target)), v.token, token, 1))
				assert.Equal(t, http.StatusUnauthorized, got.StatusCode, "%s", got.body)
				v.assertUntouched(t, got)
			}
		})
	}
}
