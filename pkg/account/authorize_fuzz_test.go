package account

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/clockwork-timer/backend/pkg/web"
)

// Whatever an app asks for, a code is sent to this computer alone.
func FuzzReadAuthorization(f *testing.F) {
	f.Add("http://127.0.0.1:49152/callback", "state-of-the-app")
	f.Add("http://[::1]:8080/callback", `"><script>`)
	f.Add("http://127.0.0.1:80@evil.example/callback", "state-of-the-app")
	f.Fuzz(func(t *testing.T, redirectURI, state string) {
		q, err := web.ParseQuery(url.Values{"client_id": {"cli"}, "redirect_uri": {redirectURI}, "state": {state},
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}}.Encode())
		if err != nil {
			return
		}
		a, err := readAuthorization(q)
		if err != nil {
			return
		}
		u, err := url.Parse(a.redirectURI + "?state=" + a.state)
		if err != nil {
			t.Fatalf("%q is no address", a.redirectURI)
		}
		at, err := netip.ParseAddrPort(u.Host)
		if err != nil || !at.Addr().IsLoopback() || u.Scheme != "http" || u.Path != "/callback" || u.User != nil || u.Query().Get("state") != a.state {
			t.Errorf("%q and %q lead to %q", redirectURI, state, u)
		}
	})
}
