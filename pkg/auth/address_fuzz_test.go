package auth_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/auth"
)

// FuzzAddress: what attempts are counted by is an address or a network, and away
// from Vercel no header has a say in it.
func FuzzAddress(f *testing.F) {
	f.Add("1.2.3.4, 5.6.7.8", "9.9.9.9", "127.0.0.1:80")
	f.Add("::ffff:1.2.3.4", "", "[2001:db8::1%eth0]:80")
	f.Add(" ,1.2.3.4", "x", "@")
	f.Add("1.2.3.4\r\n", "fe80::1%25lo", "")
	f.Fuzz(func(t *testing.T, forwarded, real, remote string) {
		r := httptest.NewRequest(http.MethodPost, "/login", nil)
		r.RemoteAddr = remote
		plain := auth.Address(r, false, nil)
		r.Header["X-Forwarded-For"], r.Header["X-Real-Ip"] = []string{forwarded}, []string{real}
		assert.Equal(t, plain, auth.Address(r, false, nil), "a forged header moves nobody")
		got := auth.Address(r, true, nil)
		if got == "unknown" {
			return
		}
		if _, err := netip.ParseAddr(got); err != nil {
			prefix, err := netip.ParsePrefix(got)
			assert.NoError(t, err)
			assert.Equal(t, 64, prefix.Bits())
			assert.True(t, prefix.Addr().Is6() && !prefix.Addr().Is4In6())
		}
	})
}
