package sandbox_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/sandbox"
)

// testNow is a Thursday.
var testNow = time.Date(2026, 3, 5, 9, 30, 0, 0, time.UTC)

// fixture is a sandbox with its servers and clock.
type fixture struct {
	*sandbox.Sandbox
	*sandbox.Servers
	clock *manualclock.Clock
	creds sandbox.Credentials
}

func start(t *testing.T, opts sandbox.Options) *fixture {
	t.Helper()
	clock := manualclock.New(testNow)
	opts.Clock, opts.Seed = clock.Now, 7
	s := sandbox.New(opts)
	return &fixture{Sandbox: s, Servers: s.Start(t), clock: clock, creds: s.Credentials()}
}

// answer is a response. json is the body's value if the body is JSON.
type answer struct {
	status int
	header http.Header
	text   string
	json   any
}

// at follows keys and indexes into the JSON. It returns nil if one does not exist.
func (a answer) at(path ...any) any {
	v := a.json
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func (a answer) len(path ...any) int {
	l, _ := a.at(path...).([]any)
	return len(l)
}

// do sends a request with headers in pairs and does not follow redirects.
func do(t *testing.T, method, url, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for n := 0; n < len(header); n += 2 {
		req.Header.Set(header[n], header[n+1])
	}
	client := http.Client{Transport: http.DefaultTransport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { assert.NoError(t, resp.Body.Close()) }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(b)}
	_ = json.Unmarshal(b, &a.json)
	return a
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// jira sends a request with the right Basic credentials.
func (f *fixture) jira(t *testing.T, method, path, body string) answer {
	t.Helper()
	return do(t, method, f.JiraURL+"/rest/api/3"+path, body, "Authorization", basic(f.creds.AtlassianEmail, f.creds.AtlassianAPIToken.Reveal()))
}

// person returns the person of that name.
func (f *fixture) person(t *testing.T, name string) sandbox.Person {
	t.Helper()
	for _, p := range f.People() {
		if p.DisplayName == name {
			return p
		}
	}
	require.FailNow(t, "no such person", name)
	return sandbox.Person{}
}

func (f *fixture) tokenHeader(accountID string) []string {
	return []string{"Authorization", "Token " + f.ClockworkToken(accountID).Reveal()}
}

func TestStandInsMountUnderAnyPrefix(t *testing.T) {
	f := start(t, sandbox.Options{})
	mux := http.NewServeMux()
	mux.Handle("/upstream/jira/", http.StripPrefix("/upstream/jira", f.Jira()))
	rec := httptest.NewRecorder()

	mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/upstream/jira/_edge/tenant_info", nil))

	assert.Equal(t, http.StatusOK, rec.Code)
	assert.JSONEq(t, `{"cloudId":"`+f.Site().CloudID+`"}`, rec.Body.String())
}
