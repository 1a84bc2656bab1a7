package account_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// FuzzCallback: without a sealed attempt nobody is signed in, and the page that is
// answered leads to this site alone, whatever the browser brings.
func FuzzCallback(f *testing.F) {
	w := newWorld(f, map[string]string{"RATE_LIMIT": "off"})
	f.Add("state=abcdef&code=x", "cw_signin_abcdef", "AAAA")
	f.Add("state=&again=1&error=access_denied", "cw_signin_", "")
	f.Add("state=%22%3E&again=1&iss=https://evil.example", `cw_signin_">`, "x")
	f.Add("again=1&again=2&state=a;b", "cw_session", "cwr_x")
	f.Fuzz(func(t *testing.T, query, name, value string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+"/api/auth/callback", nil)
		r.URL.RawQuery = strings.Map(func(c rune) rune {
			if c <= ' ' || c == '#' || c > '~' {
				return -1
			}
			return c
		}, query)
		r.AddCookie(&http.Cookie{Name: name, Value: value})
		got := httptest.NewRecorder()
		w.server.Config.Handler.ServeHTTP(got, r)
		assert.Less(t, got.Code, 500, got.Body)
		for _, c := range got.Result().Cookies() {
			assert.NotEqual(t, "cw_session", c.Name)
		}
		if _, target, found := strings.Cut(got.Body.String(), `content="0;url=`); found {
			target, _, _ = strings.Cut(target, `"`)
			target = html.UnescapeString(target)
			next, err := url.Parse(target)
			assert.NoError(t, err)
			assert.True(t, strings.HasPrefix(target, "/") && next.Host == "", target)
		}
	})
}
