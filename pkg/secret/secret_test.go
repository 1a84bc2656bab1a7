package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
)

const value = "tok-5up3r-s3cret"

type holder struct {
	Token secret.Text `json:"token"`
}

type hidden struct{ token secret.Text }

// printed is everything that a program may do to a secret by accident.
func printed(t *testing.T, s secret.Text) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, v := range map[string]any{
		"text": s, "pointer": &s, "field": holder{s}, "unexported": hidden{s}, "list": []secret.Text{s}, "map": map[string]secret.Text{"k": s},
		"unexported-pointer": &hidden{s}, "interface": any(s),
	} {
		for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%X", "%d", "%t", "%p", "% x", "%#q"} {
			all[name+verb] = fmt.Sprintf(verb, v)
		}
		for form, handler := range map[string]func(*bytes.Buffer) slog.Handler{
			"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
			"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		} {
			var log bytes.Buffer
			slog.New(handler(&log)).Info("x", "v", v, slog.Group("g", "v", v))
			all[name+"-slog-"+form] = log.String()
		}
		encoded, err := json.Marshal(v)
		require.NoError(t, err)
		all[name+"-json"] = string(encoded)
	}
	asXML, err := xml.Marshal(holder{s})
	require.NoError(t, err)
	all["xml"] = string(asXML)
	all["error"] = fmt.Errorf("send %v: %w", s, errors.New("refused")).Error()
	return all
}

func TestTextIsNeverPrinted(t *testing.T) {
	for how, got := range printed(t, secret.New(" "+value+"\n")) {
		assert.NotContains(t, got, value, how)
		assert.NotContains(t, got, fmt.Sprintf("%x", value), how)
		assert.NotContains(t, got, fmt.Sprintf("%X", value), how)
		assert.NotContains(t, got, fmt.Sprintf("% x", value), how)
	}
}

func TestTextShowsThatItIsSet(t *testing.T) {
	assert.Equal(t, "[redacted]", secret.New(value).String())
	encoded, err := json.Marshal(holder{secret.New(value)})
	require.NoError(t, err)
	assert.JSONEq(t, `{"token":"[redacted]"}`, string(encoded))
	for _, unset := range []secret.Text{{}, secret.New(""), secret.New(" \n")} {
		assert.Empty(t, unset.String())
		assert.Empty(t, unset.Reveal())
		assert.True(t, unset.IsZero())
	}
	assert.False(t, secret.New(value).IsZero())
}

func TestReveal(t *testing.T) {
	for _, given := range []string{value, " " + value, value + "\r\n", "\t" + value + " "} {
		assert.Equal(t, value, secret.New(given).Reveal())
	}
	assert.Equal(t, "a b", secret.New("a b").Reveal(), "white space inside stays")
}

func TestUnmarshal(t *testing.T) {
	var h holder
	require.NoError(t, json.Unmarshal([]byte(`{"token":" tok-5up3r-s3cret "}`), &h))
	assert.Equal(t, value, h.Token.Reveal())
	copied := h.Token
	require.NoError(t, h.Token.UnmarshalText([]byte("another")))
	assert.Equal(t, value, copied.Reveal(), "a copy keeps what it was")
}

func TestEqual(t *testing.T) {
	assert.True(t, secret.New("a").Equal(secret.New("a ")))
	assert.False(t, secret.New("a").Equal(secret.New("b")))
	assert.False(t, secret.New("a").Equal(secret.New("ab")))
	assert.False(t, secret.New("a").Equal(secret.Text{}))
	assert.True(t, secret.Text{}.Equal(secret.New("")))
}

func TestMask(t *testing.T) {
	m := secret.NewMask(secret.New("tok-5ecret"), secret.New("tok-5ecret-longer"), secret.New("a+b/cd=="), secret.New("short"))
	for name, tc := range map[string]struct{ in, want string }{
		"nothing":       {"No timer is running.", "No timer is running."},
		"secret":        {"bad token tok-5ecret!", "bad token [redacted]!"},
		"longer-first":  {"tok-5ecret-longer", "[redacted]"},
		"escaped":       {"/x?t=a%2Bb%2Fcd%3D%3D and /a+b%2Fcd==", "/x?t=[redacted] and /[redacted]"},
		"base64":        {"Basic dG9rLTVlY3JldA==", "Basic [redacted]"},
		"short":         {"a short text", "a short text"},
		"e-mail":        {"for an.le+x@mail.example.com.", "for [e-mail]."},
		"jwt":           {"got eyJhbGciOiJIUzI1NiJ9.eyJzdWIi", "got [token]"},
		"refresh-token": {"got cwr_AXnGPa8oBMF9SnNqDn4WmNgAAAABHHkyfPEvGCDqk3tZ1kNmA0Q2", "got [token]"},
		"personal":      {"cwk_" + strings.Repeat("a1B", 13), "[token]"},
		"account":       {"712020:0a1b2c3d-0000-4000-8000-000000000001, 5b10a2844c20165700ede21f", "[account], [account]"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.want, m.Hide(tc.in)) })
	}
	assert.Equal(t, "[redacted] of ann@example.com", m.HideSecrets("tok-5ecret of ann@example.com"), "an operator reads addresses")
}
