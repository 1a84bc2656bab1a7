package rest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// carried notes what reaches the network.
type carried struct{ urls []string }

func (c *carried) RoundTrip(r *http.Request) (*http.Response, error) {
	c.urls = append(c.urls, r.URL.String())
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func TestAllowOnly(t *testing.T) {
	configured := []string{"https://acme.atlassian.net", "http://127.0.0.1:8288/base", "https://api.example:8443", "", "://nonsense"}
	for name, c := range map[string]struct {
		url     string
		host    string
		allowed bool
	}{
		"configured":                 {"https://acme.atlassian.net/rest", "", true},
		"its-port-named":             {"https://acme.atlassian.net:443/", "", true},
		"in-capitals":                {"HTTPS://ACME.Atlassian.net/", "", true},
		"other-path":                 {"http://127.0.0.1:8288/elsewhere", "", true},
		"other-port-configured":      {"https://api.example:8443/", "", true},
		"same-host-in-the-header":    {"https://acme.atlassian.net/", "acme.atlassian.net", true},
		"another-host-in-the-header": {"https://acme.atlassian.net/", "evil.example", false},
		"another-host":               {"https://evil.example/", "", false},
		"in-the-clear":               {"http://acme.atlassian.net/", "", false},
		"in-the-clear-port-443":      {"http://acme.atlassian.net:443/", "", false},
		"default-port":               {"https://api.example/", "", false},
		"another-port":               {"http://127.0.0.1:8289/", "", false},
		"a-longer-name":              {"https://acme.atlassian.net.evil.example/", "", false},
		"a-shorter-name":             {"https://atlassian.net/", "", false},
		"as-user":                    {"https://acme.atlassian.net@evil.example/", "", false},
		"with-a-dot":                 {"https://acme.atlassian.net./", "", false},
		"cloud-metadata":             {"http://169.254.169.254/latest/meta-data", "", false},
		"a-file":                     {"file:///etc/passwd", "", false},
		"nothing":                    {"/relative", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(c.url)
			require.NoError(t, err)
			var network carried
			body := &closed{}
			resp, err := AllowOnly(&network, configured...).RoundTrip(&http.Request{Method: "POST", URL: u, Host: c.host, Header: http.Header{}, Body: body})
			if c.allowed {
				require.NoError(t, err)
				assert.Equal(t, http.StatusOK, resp.StatusCode)
				assert.Len(t, network.urls, 1)
				return
			}
			assert.ErrorIs(t, err, ErrNotAllowed)
			assert.Equal(t, "request not sent: "+ErrNotAllowed.Error(), err.Error(), "no address: it may hold a credential")
			assert.Empty(t, network.urls)
			assert.True(t, body.yes, "as http.RoundTripper demands")
		})
	}
}

type closed struct{ yes bool }

func (c *closed) Read([]byte) (int, error) { return 0, io.EOF }
func (c *closed) Close() error             { c.yes = true; return nil }

// A client that follows redirects, as an SDK may, is stopped at the door.
func TestAllowOnlyStopsRedirects(t *testing.T) {
	evil := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { evil++ }))
	defer other.Close()
	own := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer own.Close()
	client := http.Client{Transport: AllowOnly(NewTransport(), own.URL)}
	_, err := client.Post(own.URL, "application/json", strings.NewReader("{}"))
	require.ErrorIs(t, err, ErrNotAllowed)
	assert.Zero(t, evil)
}

// A refusal is final: nothing is repeated and nothing held against the upstream.
func TestNotAllowedIsNotRepeated(t *testing.T) {
	r := newRig(t, Options{}, answer(200, "{}"))
	r.http.Transport = AllowOnly(r.http.Transport, "https://elsewhere.example")
	_, err := r.Do(t.Context(), Request{Op: "x.get"})
	require.ErrorIs(t, err, ErrNotAllowed)
	assert.Empty(t, r.pauses)
	assert.Zero(t, r.calls.Load())
	assert.Equal(t, upstream.Unclear, judge(asError(t, err), defaultTimeout))
}
