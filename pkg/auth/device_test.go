package auth_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/users"
)

func TestDevice(t *testing.T) {
	c := manualclock.New(now)
	d := auth.Devices{Secrets: []string{signingSecret}, Now: c.Now}
	token := d.Issue("an", "")
	id := d.Find("an", token)
	require.Len(t, id, 16)
	assert.Equal(t, id, d.Find(" AN ", token), "another spelling of the name")
	assert.NotEqual(t, id, d.Find("an", d.Issue("an", "")), "another device")
	assert.Equal(t, id, d.Find("an", "", "x", token), "among others")
	raw, err := base64.RawURLEncoding.DecodeString(d.Issue("linh.example", ""))
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "linh", "a token does not tell the name")

	c.Advance(time.Hour)
	renewed := d.Issue("an", id)
	assert.NotEqual(t, token, renewed)
	assert.Equal(t, id, d.Find("an", renewed), "the same device")

	const older = "the-older-secret-of-thirty-two-b"
	before := auth.Devices{Secrets: []string{older}, Now: c.Now}.Issue("an", id)
	assert.Equal(t, id, auth.Devices{Secrets: []string{signingSecret, older}, Now: c.Now}.Find("an", before), "while the secret is rotated")

	c.Advance(auth.DeviceLife - time.Hour)
	assert.Equal(t, id, d.Find("an", token))
	c.Advance(time.Second)
	assert.Empty(t, d.Find("an", token), "too long ago")
}

func TestDeviceOfSomebodyElse(t *testing.T) {
	c := manualclock.New(now)
	d := auth.Devices{Secrets: []string{signingSecret}, Now: c.Now}
	token := d.Issue("an", "")
	jwt, err := auth.Signer{Secret: signingSecret, Now: c.Now}.Sign(auth.Grant{User: users.User{Username: "an"}})
	require.NoError(t, err)
	ahead := manualclock.New(now)
	ahead.Advance(time.Minute)
	for name, made := range map[string]string{
		"another-name":   d.Issue("bo", ""),
		"another-secret": auth.Devices{Secrets: []string{"another-secret-of-thirty-two-byte"}, Now: c.Now}.Issue("an", ""),
		"no-secret":      auth.Devices{Secrets: []string{""}, Now: c.Now}.Issue("an", ""),
		"of-the-future":  auth.Devices{Secrets: []string{signingSecret}, Now: ahead.Now}.Issue("an", ""),
		"empty":          "",
		"a-login":        jwt,
		"padded":         token + "=",
		"new-line":       token[:63] + "\n",
		"zeros":          base64.RawURLEncoding.EncodeToString(make([]byte, 48)),
	} {
		t.Run(name, func(t *testing.T) {
			both := auth.Devices{Secrets: []string{signingSecret, ""}, Now: c.Now}
			assert.Empty(t, both.Find("an", made))
		})
	}
	for n := range token { // no single character may be another
		changed := []byte(token)
		changed[n] = map[bool]byte{true: 'A', false: 'B'}[token[n] != 'A']
		assert.Empty(t, d.Find("an", string(changed)), "at %d", n)
	}
	_, err = auth.Verifier{Secrets: []string{signingSecret}, Now: c.Now}.Verify(token)
	assert.ErrorIs(t, err, auth.ErrBadToken, "it lets nobody in")
}
