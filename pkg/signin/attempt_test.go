package signin_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/secret/sealed"
	"github.com/clockwork-timer/backend/pkg/signin"
)

func TestSealedAttempt(t *testing.T) {
	const secretOld, secretNew = "an-old-secret-of-at-least-32-bytes!!", "a-new-secret-of-at-least-32-bytes!!!"
	sealer := must(signin.NewSealer([]string{secretOld}))
	a := signin.NewAttempt("oidc", "/team?week=48", now)
	cookie := must(sealer.Seal(a))
	assert.NotContains(t, cookie, a.State)

	got, err := must(signin.NewSealer([]string{secretNew, secretOld})).Open(cookie, a.State, now.Add(signin.AttemptLife-time.Second))
	require.NoError(t, err)
	assert.Equal(t, a, got)

	other := signin.NewAttempt("oidc", "/", now)
	for name, tt := range map[string]struct {
		sealer        signin.Sealer
		cookie, state string
		at            time.Time
	}{
		"state-of-another-attempt": {sealer, cookie, other.State, now},
		"no-state":                 {sealer, cookie, "", now},
		"no-cookie":                {sealer, "", a.State, now},
		"cut-off":                  {sealer, cookie[:len(cookie)-2], a.State, now},
		"too-late":                 {sealer, cookie, a.State, now.Add(signin.AttemptLife)},
		"another-secret":           {must(signin.NewSealer([]string{secretNew})), cookie, a.State, now},
		"no-secret":                {must(signin.NewSealer([]string{""})), cookie, a.State, now},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tt.sealer.Open(tt.cookie, tt.state, tt.at)
			assert.ErrorIs(t, err, signin.ErrExpired)
		})
	}
	_, err = must(signin.NewSealer(nil)).Seal(a)
	assert.ErrorIs(t, err, sealed.ErrNoKey)
}

func TestLocalPath(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "/team": "/team", "/?issue=PORTAL-1#x": "/?issue=PORTAL-1#x",
		"": "/", "team": "/", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example": "/", "/\t/evil.example": "/", "/a\nb": "/",
		"/é": "/", " /": "/",
	} {
		assert.Equal(t, want, signin.LocalPath(path), path)
	}
}

func FuzzLocalPath(f *testing.F) {
	f.Add("//evil.example")
	f.Fuzz(func(t *testing.T, path string) {
		got := signin.LocalPath(path)
		if got[0] != '/' || len(got) > 1 && (got[1] == '/' || got[1] == '\\') {
			t.Errorf("%q leads to %q", path, got)
		}
	})
}

func FuzzOpen(f *testing.F) {
	sealer := must(signin.NewSealer([]string{"a-secret-of-at-least-32-bytes-long!!"}))
	f.Add("AAAA", "state")
	f.Fuzz(func(t *testing.T, cookie, state string) {
		if _, err := sealer.Open(cookie, state, now); err == nil {
			t.Errorf("%q was taken for a sealed attempt", cookie)
		}
	})
}

func TestBindings(t *testing.T) {
	client := redisclient.OverTCP(t, miniredis.RunT(t).Addr())
	b := signin.Bindings{Redis: client}
	linh := signin.Identity{Issuer: "https://id.example", Subject: "subject-linh"}

	account, err := b.Account(t.Context(), linh)
	require.NoError(t, err)
	assert.Empty(t, account)
	require.NoError(t, b.Bind(t.Context(), linh, "acc-linh"))
	require.NoError(t, b.Bind(t.Context(), linh, "acc-linh"), "again")
	account, err = b.Account(t.Context(), linh)
	require.NoError(t, err)
	assert.Equal(t, "acc-linh", account)

	recycled := signin.Identity{Issuer: "https://id.example", Subject: "subject-of-somebody-new"}
	require.ErrorIs(t, b.Bind(t.Context(), recycled, "acc-linh"), signin.ErrConflict)
	require.ErrorIs(t, b.Bind(t.Context(), linh, "acc-minh"), signin.ErrConflict)
	minh := signin.Identity{Issuer: "https://id.example", Subject: "subject-minh"}
	require.NoError(t, b.Bind(t.Context(), minh, "acc-minh"), "the refused attempt took nothing from minh")
	account, err = b.Account(t.Context(), recycled)
	require.NoError(t, err)
	assert.Empty(t, account, "an address that was given to somebody new inherits nothing")
	other := signin.Identity{Issuer: "https://other.example", Subject: "subject-linh"}
	require.NoError(t, b.Bind(t.Context(), other, "acc-linh"), "another provider's identity of the same person")
}

// Version 0.9.0 named its records with a key that can be rotated.
func TestBindingsOfEarlierVersions(t *testing.T) {
	server := miniredis.RunT(t)
	client := redisclient.OverTCP(t, server.Addr())
	earlier := keyed.New([]byte("key"))
	named := func(text string) string { return hex.EncodeToString(earlier.Sum(text)) }
	subject, account := named("7:subject18:https://id.example12:subject-linh"), named("7:account18:https://id.example8:acc-linh")
	require.NoError(t, server.Set("clockwork:identity:"+subject, "acc-linh"))
	require.NoError(t, server.Set("clockwork:identity:"+account, subject))

	b := signin.Bindings{Redis: client, Earlier: []*keyed.Key{keyed.New([]byte("the current key")), earlier}}
	linh := signin.Identity{Issuer: "https://id.example", Subject: "subject-linh"}
	recycled := signin.Identity{Issuer: "https://id.example", Subject: "subject-of-somebody-new"}
	require.ErrorIs(t, b.Bind(t.Context(), recycled, "acc-linh"), signin.ErrConflict)
	found, err := b.Account(t.Context(), linh)
	require.NoError(t, err)
	assert.Equal(t, "acc-linh", found)

	b.Earlier = nil // both keys are gone
	found, err = b.Account(t.Context(), linh)
	require.NoError(t, err)
	assert.Equal(t, "acc-linh", found)
	require.ErrorIs(t, b.Bind(t.Context(), recycled, "acc-linh"), signin.ErrConflict)
}
