package auth_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/auth"
)

func TestAddress(t *testing.T) {
	tests := []struct {
		name, remote, forwarded, real, vercel string
		onVercel                              bool
		want                                  string
	}{
		{"connection", "192.0.2.1:4711", "", "", "", false, "192.0.2.1"},
		{"made-up-headers", "192.0.2.1:4711", "198.51.100.7", "198.51.100.8", "203.0.113.99", false, "192.0.2.1"},
		{"vercel", "127.0.0.1:4711", "198.51.100.7", "198.51.100.7", "", true, "198.51.100.7"},
		{"vercel-behind-a-proxy-of-its-own", "127.0.0.1:4711", "203.0.113.1", "203.0.113.1", "198.51.100.7", true, "198.51.100.7"},
		{"vercel-trusted-proxy", "127.0.0.1:4711", "198.51.100.7, 203.0.113.1", "", "", true, "198.51.100.7"},
		{"vercel-real-ip-alone", "127.0.0.1:4711", "", "198.51.100.8", "", true, "198.51.100.8"},
		{"vercel-nonsense", "127.0.0.1:4711", "unknown", "x", "", true, "127.0.0.1"},
		{"vercel-no-header", "127.0.0.1:4711", "", "", "", true, "127.0.0.1"},
		{"ipv6", "[2001:db8:1:2:3:4:5:6]:4711", "", "", "", false, "2001:db8:1:2::/64"},
		{"ipv6-neighbour", "[2001:db8:1:2:ffff::1]:4711", "", "", "", false, "2001:db8:1:2::/64"},
		{"ipv6-with-zone", "[fe80::1%eth0]:4711", "", "", "", false, "fe80::/64"},
		{"ipv6-on-vercel", "", "2001:db8:1:2:3:4:5:6", "", "", true, "2001:db8:1:2::/64"},
		{"ipv4-in-ipv6", "[::ffff:192.0.2.1]:4711", "", "", "", false, "192.0.2.1"},
		{"none", "", "198.51.100.7", "", "", false, "unknown"},
		{"not-an-address", "@", "", "", "", false, "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{"X-Vercel-Forwarded-For": {tt.vercel}}}
			if tt.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tt.forwarded)
			}
			if tt.real != "" {
				r.Header.Set("X-Real-Ip", tt.real)
			}
			assert.Equal(t, tt.want, auth.Address(r, tt.onVercel, nil))
		})
	}
}

// A caller can write anything into X-Forwarded-For but what a trusted proxy
// appends to it.
func TestAddressBehindProxies(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.9/32"), netip.MustParsePrefix("fd00::/8")}
	for name, tt := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"not-through-a-proxy":        {"198.51.100.7:1", []string{"203.0.113.5"}, "198.51.100.7"},
		"claims-a-proxy":             {"198.51.100.7:1", []string{"203.0.113.5, 10.0.0.1"}, "198.51.100.7"},
		"one-proxy":                  {"10.1.2.3:1", []string{"198.51.100.7"}, "198.51.100.7"},
		"one-proxy-forged-entry":     {"10.1.2.3:1", []string{"203.0.113.5, 198.51.100.7"}, "198.51.100.7"},
		"forged-proxy-entry":         {"10.1.2.3:1", []string{"203.0.113.5, 10.9.9.9, 198.51.100.7"}, "198.51.100.7"},
		"two-proxies":                {"10.1.2.3:1", []string{"203.0.113.5, 198.51.100.7, 192.0.2.9"}, "198.51.100.7"},
		"forged-header-line":         {"10.1.2.3:1", []string{"203.0.113.5", "198.51.100.7"}, "198.51.100.7"},
		"proxy-of-ipv4-as-ipv6":      {"[::ffff:10.1.2.3]:1", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		"proxy-of-ipv6":              {"[fd00::1]:1", []string{"2001:db8:1:2::9"}, "2001:db8:1:2::/64"},
		"with-port":                  {"10.1.2.3:1", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		"ipv6-with-port":             {"10.1.2.3:1", []string{"[2001:db8:1:2::9]:4711"}, "2001:db8:1:2::/64"},
		"called-by-the-proxy-itself": {"10.1.2.3:1", nil, "10.1.2.3"},
		"empty":                      {"10.1.2.3:1", []string{""}, "10.1.2.3"},
		"nonsense":                   {"10.1.2.3:1", []string{"198.51.100.7, unknown"}, "10.1.2.3"},
		"only-proxies":               {"10.1.2.3:1", []string{"10.0.0.4, 10.0.0.5"}, "10.0.0.4"},
		"no-connection":              {"@", []string{"198.51.100.7"}, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{"X-Forwarded-For": tt.forwarded, "X-Real-Ip": {"203.0.113.6"}, "Forwarded": {"for=203.0.113.6"}}}
			assert.Equal(t, tt.want, auth.Address(r, false, proxies))
		})
	}
}
