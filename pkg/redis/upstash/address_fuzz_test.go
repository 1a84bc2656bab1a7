package upstash

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// FuzzAddress: the token goes over TLS, or to this machine; a refusal quotes
// neither the URL nor the token, and channels stay one path segment.
func FuzzAddress(f *testing.F) {
	f.Add("https://eu1.upstash.io", "AXoken==", "clockwork:events:a")
	f.Add("http://127.0.0.1:8079/", "t", "a/../b?c#d")
	f.Add("rediss://default:c4nary-7f@h:6379", "a b", "*")
	f.Add("https://u:c4nary-7f@h", "t\r\n", "%2e%2e")
	f.Add("http://127.0.0.1.evil.test", "ä", "..")
	f.Add("//x", "", "")
	f.Fuzz(func(t *testing.T, address, token, channel string) {
		for _, raw := range []string{address, address + "c4nary-7f"} {
			client, err := New(Options{URL: raw, Token: secret.New(token + "c4nary-7f")})
			if err != nil {
				assert.NotContains(t, err.Error(), "c4nary-7f")
				assert.Nil(t, client)
				continue
			}
			u, err := url.Parse(strings.TrimSpace(raw))
			require.NoError(t, err)
			assert.True(t, u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()))
			assert.Nil(t, u.User)
		}
		assert.False(t, strings.ContainsAny(escape(channel), "/?# \r\n"), escape(channel))
	})
}
