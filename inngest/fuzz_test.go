package inngest

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/config"
)

// FuzzCheck: an event is good for the configured site, or for none named.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{`{}`, `null`, `{"jiraDomain":"evil.example"}`, `{"jiraDomain":" ACME.atlassian.net "}`, `{"JIRADOMAIN":"evil.example"}`,
		`{"jiraDomain":["acme.atlassian.net"]}`, `{"JIRADOMAIN":"evil.example","jiraDomain":""}`, `{"accountId":7}`, `{"jiraDomain":"acme.atlassian.net\u0000.evil"}`} {
		f.Add([]byte(s))
	}
	function := &syncActiveTimers{domain: "acme.atlassian.net"}
	f.Fuzz(func(t *testing.T, data []byte) {
		var raw map[string]any
		if json.Unmarshal(data, &raw) != nil || function.check(raw) != nil {
			return
		}
		for name, value := range raw {
			if strings.EqualFold(name, "jiraDomain") {
				named, isText := value.(string)
				assert.True(t, value == nil || isText)
				assert.Contains(t, []string{"", "acme.atlassian.net"}, strings.ToLower(strings.TrimSpace(named)))
			}
		}
	})
}

// counted are calls of anybody else.
type counted struct{ calls int }

func (c *counted) RoundTrip(*http.Request) (*http.Response, error) {
	c.calls++
	return nil, http.ErrHandlerTimeout
}

// FuzzUnsigned: without the signing key nobody runs the function, whatever they
// send, and nothing is asked of an upstream.
func FuzzUnsigned(f *testing.F) {
	c, err := config.Load(map[string]string{"UPSTASH_REDIS_REST_URL": "https://x.upstash.io", "UPSTASH_REDIS_REST_TOKEN": "t",
		"JIRA_DOMAIN": "acme.atlassian.net", "ATLASSIAN_EMAIL": "a@b.test", "ATLASSIAN_API_TOKEN": "t", "JIRA_TENANT_SESSION_TOKEN": "s",
		"VERCEL_ENV": "production", "AUTH_MODE": "open", "INNGEST_EVENT_KEY": "event-key",
		"INNGEST_SIGNING_KEY": "signkey-prod-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"})
	require.NoError(f, err)
	wire := &counted{}
	d, err := app.New(c, app.Options{Transport: wire, Log: slog.New(slog.DiscardHandler)})
	require.NoError(f, err)
	handler, err := Handler(d)
	require.NoError(f, err)
	event := `{"name":"clockwork/timers.sync.requested","data":{},"ts":1}`
	body := `{"ctx":{"fn_id":"x","run_id":"r","step_id":"step","attempt":0},"event":` + event + `,"events":[` + event + `],"steps":{},"version":1}`
	f.Add("fnId=clockwork-timers-sync-active-timers&stepId=step", "", "", []byte(body))
	f.Add("fnId=clockwork-timers-sync-active-timers&stepId=step", "t=1767225600&s=00ff", "dev", []byte(body))
	f.Add("fnId=x", "s=&t=", "cloud", []byte(`[]`))
	f.Add("probe=trust", "t=99999999999&s=x", "cloud", []byte(strings.Repeat(`[{"\":":`, maxDepth)+`{"}]":"\u0022"}`+strings.Repeat("}]", maxDepth)))
	f.Add("%zz", "t=99999999999999999999&s=x", "", []byte("\xff"))
	f.Fuzz(func(t *testing.T, query, signature, kind string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/api/inngest", bytes.NewReader(body))
		r.URL.RawQuery = query
		r.Header["X-Inngest-Signature"], r.Header["X-Inngest-Server-Kind"] = []string{signature}, []string{kind}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		assert.GreaterOrEqual(t, answer.Code, 400)
		assert.NotContains(t, answer.Body.String(), "0123456789abcdef")
		assert.Zero(t, wire.calls)
	})
}
