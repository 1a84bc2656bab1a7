package timersource

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// played is a site, and Clockwork behind it, that answers everything with the
// same, and remembers where it was called.
type played struct {
	status      int
	contentType string
	body        []byte

	mu    sync.Mutex // pages are read side by side
	asked []string
}

func (p *played) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.asked = append(p.asked, r.URL.Host)
	p.mu.Unlock()
	return &http.Response{StatusCode: p.status, Header: http.Header{"Content-Type": {p.contentType}, "Location": {"https://evil.example.test/"}},
		Body: io.NopCloser(bytes.NewReader(p.body)), Request: r}, nil
}

func (p *played) options() Options {
	return Options{SiteURL: "https://acme.example.test", ReportBaseURL: "https://report.example.test", Session: secret.New(session), Transport: p,
		Now: func() time.Time { return start }, Sleep: func(context.Context, time.Duration) error { return nil }}
}

// check holds what no answer may bring about: a session in an error, a call of
// another host, calls without end.
func (p *played) check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		assert.NotContains(t, err.Error(), session)
		assert.False(t, strings.ContainsAny(err.Error(), "\r\n\x00"), "%q", err)
	}
	for _, host := range p.asked {
		assert.Contains(t, []string{"acme.example.test", "report.example.test"}, host)
	}
	assert.LessOrEqual(t, len(p.asked), 3*(maxPasses*maxPages+4))
}

// statuses are those that a source tells apart.
var statuses = []int{200, 204, 302, 400, 401, 403, 404, 410, 422, 429, 500, 503}

func token(t testing.TB) Token {
	return Token{Value: secret.New(endsAt(t, start.Add(time.Hour))), ExpiresAt: start.Add(time.Hour)}
}

// FuzzConnect: what the servlet and the report API answer is a token that ends,
// timers that are whole, or an error.
func FuzzConnect(f *testing.F) {
	f.Add(uint8(0), "application/json", []byte(`{"contextJwt":"`+endsAt(f, start)+`"}`))
	f.Add(uint8(0), "application/json", []byte(onePage))
	f.Add(uint8(0), "application/json", []byte(`{"timers":[],"pages":3,"page":1,"total":-1,"isLast":false}`))
	f.Add(uint8(0), "text/html;charset=UTF-8", []byte(`<!DOCTYPE html><title>Log in - Jira</title>`))
	f.Add(uint8(2), "", []byte(``))
	f.Add(uint8(6), "text/html", []byte(`<h1>Oops, you've found a dead link.</h1>`))
	f.Fuzz(func(t *testing.T, status uint8, contentType string, body []byte) {
		wire := &played{status: statuses[int(status)%len(statuses)], contentType: contentType, body: body}
		source, err := NewConnect(wire.options())
		require.NoError(t, err)
		got, err := source.Acquire(t.Context())
		wire.check(t, err)
		if err == nil {
			assert.False(t, got.ExpiresAt.IsZero())
			assert.False(t, got.Value.IsZero())
		}
		wire.asked = nil
		snapshot, err := source.Timers(t.Context(), token(t), Cached{})
		wire.check(t, err)
		checkSnapshot(t, snapshot, err)
	})
}

// FuzzForge: the same of the gateway's GraphQL answers, in all their envelopes.
func FuzzForge(f *testing.F) {
	page := `"success":true,"response":{"body":{"success":true,"payload":{"status":200,"body":` + onePage + `}}}`
	f.Add(uint8(0), []byte(`{"data":{"invokeExtension":{`+page+`,"contextToken":{"jwt":"`+endsAt(f, start.Add(2*time.Hour))+`"}}}}`))
	f.Add(uint8(0), []byte(`{"data":{"globalApp_signForgeContextTokens":{"success":true,"tokens":[{"jwt":"`+endsAt(f, start)+`"}]}}}`))
	f.Add(uint8(0), []byte(`{"data":{"ecosystem":{"appsInstalledInContexts":{"edges":[{"node":{"installationsByContexts":{"nodes":[{"id":"i","appEnvironment":{"id":"a/e","key":"production"},"appEnvironmentVersion":{"version":"1"}}]}}}]}}}}`))
	f.Add(uint8(0), []byte(`{"cloudId":"c-1"}`))
	f.Add(uint8(0), []byte(`{"errors":[{"message":"User did not have access `+session+`","extensions":{"statusCode":"403"}}],"data":null}`))
	f.Add(uint8(0), []byte(`{"errors":[{"extensions":{"statusCode":"`+session+`"}}]}`))
	f.Add(uint8(0), []byte(`{"data":{"invokeExtension":{"success":false,"errors":[{"message":null,"extensions":{"statusCode":401}}]}}}`))
	f.Add(uint8(0), []byte(`"`+endsAt(f, start)+`"`))
	f.Fuzz(func(t *testing.T, status uint8, body []byte) {
		wire := &played{status: statuses[int(status)%len(statuses)], contentType: "application/json", body: body}
		for _, ids := range []ForgeIDs{{}, {CloudID: "c-1", InstallationID: "i", AppVersion: "1"}} {
			o := wire.options()
			o.Forge = ids
			source, err := NewForge(o)
			require.NoError(t, err)
			got, err := source.Acquire(t.Context())
			wire.check(t, err)
			if err == nil {
				assert.False(t, got.ExpiresAt.IsZero())
				_, known := decodeIdentity(got.Context)
				assert.True(t, known)
			}
			wire.asked = nil
			snapshot, err := source.Timers(t.Context(), token(t), Cached{})
			wire.check(t, err)
			checkSnapshot(t, snapshot, err)
		}
	})
}

func checkSnapshot(t *testing.T, s Snapshot, err error) {
	t.Helper()
	if err != nil {
		assert.Empty(t, s.Timers)
		return
	}
	assert.Positive(t, s.Pages)
	seen := map[int64]bool{}
	for _, timer := range s.Timers {
		assert.Nil(t, timer.FinishedAt)
		assert.NotEmpty(t, timer.RunningFor)
		assert.False(t, seen[timer.ID], "a timer twice")
		seen[timer.ID] = true
	}
	if s.Renewed != nil {
		assert.True(t, s.Renewed.ExpiresAt.After(start.Add(time.Hour)))
	}
}

// FuzzIdentity: what is kept beside a token comes back as it was, and any other
// text is refused.
func FuzzIdentity(f *testing.F) {
	f.Add("c", "ari:cloud:jira::site/c", `["a","b","c","d","e","f"]`)
	f.Add("", "\xff", `["a"]`)
	f.Add("ä\"", "\\", `{}`)
	f.Fuzz(func(t *testing.T, cloudID, contextID, text string) {
		want := identity{cloudID: strings.ToValidUTF8(cloudID, ""), contextID: strings.ToValidUTF8(contextID, ""), appVersion: "1"}
		got, known := decodeIdentity(want.encode())
		require.True(t, known)
		assert.Equal(t, want, got)
		if id, known := decodeIdentity(text); known {
			again, _ := decodeIdentity(id.encode())
			assert.Equal(t, id, again)
		}
	})
}

// FuzzCookie: the header holds one session, and never more than was configured.
func FuzzCookie(f *testing.F) {
	for _, s := range []string{"abc", "a=b; tenant.session.token=x.y.z", "eyJ.x=", "tenant.session.token=", ";;=", "a\r\nX-Evil: 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		configured := secret.New(text)
		header := cookieHeader(configured)
		assert.True(t, header == configured.Reveal() || header == sessionCookie+"="+configured.Reveal())
		wire := &played{status: 500}
		o := wire.options()
		o.Session = configured
		source, err := NewConnect(o)
		if configured.IsZero() {
			assert.Error(t, err)
			return
		}
		require.NoError(t, err)
		_, err = source.Acquire(t.Context())
		require.Error(t, err)
		if len(configured.Reveal()) > 12 {
			assert.NotContains(t, err.Error(), configured.Reveal())
		}
		assert.False(t, errors.Is(err, ErrSessionExpired), "a 500 says nothing of the session")
	})
}
