package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox"
)

// Sign-in with each provider works without any configuration. For a browser, the
// providers are another site than dev.
func TestSignInWithProviders(t *testing.T) {
	dev := startDev(t, []string{"--port", "0"}, nil)
	defer dev.stop(t)
	linh := sandbox.New(sandbox.Options{Seed: 1}).People()[1]
	site := sandbox.New(sandbox.Options{Seed: 1}).Site().CloudID
	for _, provider := range []string{"atlassian", "oidc"} {
		t.Run(provider, func(t *testing.T) {
			jar, err := cookiejar.New(nil)
			require.NoError(t, err)
			browser := &http.Client{Jar: jar}
			page, err := browser.Get(dev.base + "/api/auth/login/" + provider)
			require.NoError(t, err)
			page.Body.Close()
			require.Equal(t, 200, page.StatusCode)
			assert.Equal(t, "localhost", page.Request.URL.Hostname())

			back, err := browser.PostForm(page.Request.URL.String(), url.Values{"decision": {"accept"}, "account_id": {linh.AccountID}, "site": {site}})
			require.NoError(t, err)
			defer back.Body.Close()
			text, err := io.ReadAll(back.Body)
			require.NoError(t, err)
			assert.Contains(t, string(text), `content="0;url=/"`)

			refreshed, err := browser.Post(dev.base+"/api/auth/refresh", "application/json", strings.NewReader("{}"))
			require.NoError(t, err)
			defer refreshed.Body.Close()
			text, err = io.ReadAll(refreshed.Body)
			require.NoError(t, err)
			assert.Contains(t, string(text), linh.AccountID)
		})
	}
}
