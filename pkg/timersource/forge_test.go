package timersource

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/golden"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

const (
	opApps     = "Apps"
	opSign     = "SignForgeContextToken"
	opInvoke   = "forge_ui_invokeExtension"
	pathTenant = "/_edge/tenant_info"
)

func install(id, env, envKey, version string) string {
	return fmt.Sprintf(`{"id":%q,"appEnvironment":{"id":%q,"key":%q},"appEnvironmentVersion":{"version":%q,"extensions":{"nodes":[]}}}`, id, env, envKey, version)
}

func apps(installations ...string) http.HandlerFunc {
	return answer(200, `{"data":{"ecosystem":{"appsInstalledInContexts":{"edges":[{"node":{"id":"x",
		"installationsByContexts":{"nodes":[`+strings.Join(installations, ",")+`]}}}]}}}}`)
}

func signsWith(jwts ...string) http.HandlerFunc {
	var tokens []string
	for _, j := range jwts {
		tokens = append(tokens, fmt.Sprintf(`{"jwt":%q}`, j))
	}
	return answer(200, `{"data":{"globalApp_signForgeContextTokens":{"success":true,"errors":[],"tokens":[`+strings.Join(tokens, ",")+`]}}}`)
}

func invokes(body, renewed string) http.HandlerFunc {
	token := "null"
	if renewed != "" {
		token = fmt.Sprintf(`{"jwt":%q,"expiresAt":"later"}`, renewed)
	}
	return answer(200, `{"data":{"invokeExtension":{"success":true,"errors":null,"response":{"body":`+body+`},"contextToken":`+token+`}}}`)
}

func invokeRefused(message, status string) http.HandlerFunc {
	return answer(200, `{"data":{"invokeExtension":{"success":false,"response":null,"contextToken":null,"errors":[{"message":`+
		strconv.Quote(message)+`,"extensions":{"errorType":"FORBIDDEN","statusCode":`+status+`}}]}}}`)
}

const topError = `{"data":null,"errors":[{"message":"%s","extensions":{"classification":"DataFetchingException","statusCode":%d}}]}`

// onForge is a site where all goes well.
func onForge(t *testing.T) *world {
	w := newWorld(t)
	w.routes[pathTenant] = answer(200, `{"cloudId":"cloud-1"}`)
	w.routes[opApps] = apps(install("ari:cloud:ecosystem::installation/inst-1", "ari:cloud:ecosystem::environment/app/env-1", "production", "3.10.0"))
	w.routes[opSign] = signsWith(endsAt(t, start.Add(15*time.Minute)))
	w.routes[opInvoke] = invokes(`{"success":true,"payload":{"status":200,"headers":{},"body":`+onePage+`}}`, endsAt(t, start.Add(20*time.Minute)))
	return w
}

func newForge(t *testing.T, w *world) *Forge {
	t.Helper()
	f, err := NewForge(w.opts)
	require.NoError(t, err)
	assert.Equal(t, "forge", f.Name())
	return f
}

func TestForgeDiscoversSignsAndInvokes(t *testing.T) {
	w := onForge(t)
	f := newForge(t, w)
	token, err := f.Acquire(t.Context())
	require.NoError(t, err)
	assert.Equal(t, start.Add(15*time.Minute), token.ExpiresAt)
	token.Value = secret.New("context-token")

	got, err := f.Timers(t.Context(), token, Cached{})
	require.NoError(t, err)
	assert.Equal(t, []int64{7}, idsOf(got))
	assert.True(t, got.Timers[0].WithinWorkingHours, "null through Forge is true")
	require.NotNil(t, got.Renewed)
	assert.Equal(t, start.Add(20*time.Minute), got.Renewed.ExpiresAt)

	assert.Len(t, w.requests, 4, "tenant_info, discovery, signature, one page; identified once")
	for _, r := range w.requests {
		if r.URL.Path == pathTenant {
			assert.Empty(t, r.Header.Get("Cookie"), "tenant_info needs no session")
			continue
		}
		assert.Equal(t, "tenant.session.token="+session, r.Header.Get("Cookie"))
		assert.Equal(t, "https://acme.example.test", r.Header.Get("Origin"))
	}
	golden.JSON(t, "forge_apps.golden.json", []byte(w.bodies[opApps][0]))
	golden.JSON(t, "forge_sign.golden.json", []byte(w.bodies[opSign][0]))
	golden.JSON(t, "forge_invoke.golden.json", []byte(w.bodies[opInvoke][0]))
}

func TestForgeIdentifiers(t *testing.T) {
	two := apps(install("i1", "env/a/e1", "production", "1"), install("i2", "env/a/e2", "staging", "2"))
	tests := []struct {
		name string
		ids  ForgeIDs
		apps http.HandlerFunc
		want identity
	}{
		{"production-of-several", ForgeIDs{CloudID: "c"}, two,
			identity{"c", "ari:cloud:jira::site/c", "ari:cloud:ecosystem::extension/" + clockworkAppID + "/e1/static/global-pages", "e1", "i1", "1"}},
		{"configured-environment", ForgeIDs{CloudID: "c", EnvironmentID: "e2", WorkspaceID: "ws"}, two,
			identity{"c", "ari:cloud:jira:c:workspace/ws", "ari:cloud:ecosystem::extension/" + clockworkAppID + "/e2/static/global-pages", "e2", "i2", "2"}},
		{"configured-version-wins", ForgeIDs{CloudID: "c", AppVersion: "9"}, two,
			identity{"c", "ari:cloud:jira::site/c", "ari:cloud:ecosystem::extension/" + clockworkAppID + "/e1/static/global-pages", "e1", "i1", "9"}},
		{"all-configured", ForgeIDs{CloudID: "c", InstallationID: "i", AppVersion: "9", ExtensionID: "x"}, nil,
			identity{"c", "ari:cloud:jira::site/c", "x", clockworkEnvironmentID, "i", "9"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := onForge(t)
			w.opts.Forge = tt.ids
			w.routes[opApps] = tt.apps
			got, err := newForge(t, w).identify(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestForgeDiscoveryFailures(t *testing.T) {
	tests := []struct {
		name, route string
		handler     http.HandlerFunc
		want        error
	}{
		{"not-installed", opApps, answer(200, `{"data":{"ecosystem":{"appsInstalledInContexts":{"edges":[]}}}}`), ErrSourceGone},
		{"no-list", opApps, answer(200, `{"data":{"ecosystem":null}}`), ErrUnknownShape},
		{"no-list-in-an-app", opApps, answer(200, `{"data":{"ecosystem":{"appsInstalledInContexts":{"edges":[{"node":{}}]}}}}`), ErrUnknownShape},
		{"ambiguous", opApps, apps(install("i1", "e1", "production", "1"), install("i2", "e2", "production", "2")), ErrNotDiscovered},
		{"without-version", opApps, apps(install("i1", "e1", "production", "")), ErrNotDiscovered},
		{"not-allowed", opApps, answer(200, fmt.Sprintf(topError, "Not allowed", 403)), ErrNotDiscovered},
		{"refused-by-the-schema", opApps, answer(200, `{"errors":[{"message":"Validation error"}]}`), ErrNotDiscovered},
		{"session-refused-in-graphql", opApps, answer(200, fmt.Sprintf(topError, "Unauthorized", 401)), ErrSessionExpired},
		{"session-refused", opApps, answer(401, ""), ErrSessionExpired},
		{"login-page", opApps, answer(200, "<html>"), ErrSessionExpired},
		{"no-gateway", opApps, answer(404, ""), ErrSourceGone},
		{"gateway-down", opApps, answer(502, ""), nil},
		{"gateway-down-in-graphql", opApps, answer(200, fmt.Sprintf(topError, "Timeout", 504)), nil},
		{"tenant-unknown", pathTenant, answer(404, ""), nil},
		{"tenant-html", pathTenant, answer(200, "<html>"), ErrUnknownShape},
		{"tenant-without-id", pathTenant, answer(200, "{}"), ErrUnknownShape},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := onForge(t)
			w.routes[tt.route] = tt.handler
			_, err := newForge(t, w).Acquire(t.Context())
			require.Error(t, err)
			assertIsOnly(t, err, tt.want)
			assert.Empty(t, w.bodies[opSign])
		})
	}
}

func TestForgeSignFailures(t *testing.T) {
	refusal := answer(200, `{"data":{"globalApp_signForgeContextTokens":{"success":false,"errors":[{"message":"no such installation"}],"tokens":null}}}`)
	tests := []struct {
		name string
		sign http.HandlerFunc
		want error
		text string
	}{
		{"refused", refusal, nil, "no such installation"},
		{"no-tokens", signsWith(), nil, "REFUSED"},
		{"no-answer", answer(200, `{"data":{}}`), ErrUnknownShape, ""},
		{"no-json", answer(200, `nonsense`), ErrUnknownShape, ""},
		{"no-data", answer(200, `{}`), ErrUnknownShape, ""},
		{"no-jwt", signsWith("abc"), ErrUnknownShape, ""},
		{"session-refused", answer(200, fmt.Sprintf(topError, "Unauthorized", 401)), ErrSessionExpired, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := onForge(t)
			w.routes[opSign] = tt.sign
			_, err := newForge(t, w).Acquire(t.Context())
			require.ErrorContains(t, err, tt.text)
			assertIsOnly(t, err, tt.want)
		})
	}
}

func TestForgeTimersRefusals(t *testing.T) {
	inner := func(status int, more string) http.HandlerFunc {
		return invokes(fmt.Sprintf(`{"success":true,"payload":{"status":%d,"headers":{"retry-after":["7"]},"body":{"message":"words"}%s}}`, status, more), "")
	}
	tests := []struct {
		name       string
		handler    http.HandlerFunc
		want       error
		wantStatus int
	}{
		{"session-refused", answer(401, ""), ErrSessionExpired, 401},
		{"redirect-to-login", toLogin, ErrSessionExpired, 302},
		{"login-page", answer(200, "<html>"), ErrSessionExpired, 401},
		{"no-gateway", answer(404, ""), ErrSourceGone, 404},
		{"token-refused", invokeRefused("expired", "401"), ErrTokenRefused, 401},
		{"token-forbidden-status-as-text", invokeRefused("forbidden", `"403"`), ErrTokenRefused, 403},
		{"no-access", invokeRefused("User did not have access to specified resource(s)", "null"), ErrTokenRefused, 403},
		{"no-access-at-the-top", answer(200, `{"errors":[{"message":"User did not have access to specified resource(s)"}]}`), ErrTokenRefused, 403},
		{"remote-failed", invokeRefused("remote timed out", "504"), nil, 504},
		{"graphql-refused", answer(200, `{"errors":[{"message":"Validation error"}]}`), nil, 200},
		{"clockwork-refuses-token", inner(401, ""), ErrTokenRefused, 401},
		{"clockwork-gone", inner(404, ""), ErrSourceGone, 404},
		{"clockwork-rate-limit", inner(429, ""), nil, 429},
		{"no-success", invokes(`{"success":false}`, ""), nil, 200},
		{"unknown-envelope", invokes(`{"result":{"items":[]}}`, ""), ErrUnknownShape, 0},
		{"null-body", invokes(`null`, ""), ErrUnknownShape, 0},
		{"unknown-timers", invokes(`{"status":200,"body":{"timers":[{"name":"x"}]}}`, ""), ErrUnknownShape, 0},
		{"no-answer", answer(200, `{"data":{"invokeExtension":null}}`), ErrUnknownShape, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := onForge(t)
			w.routes[opInvoke] = tt.handler
			_, err := newForge(t, w).Timers(t.Context(), Token{Value: secret.New("context-token")}, Cached{})
			require.Error(t, err)
			assertIsOnly(t, err, tt.want)
			assert.Equal(t, tt.wantStatus, upstream.StatusOf(err))
			if tt.wantStatus == 429 {
				var e *upstream.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, "clockwork", e.Upstream)
				assert.Equal(t, 7*time.Second, e.RetryAfter)
				assert.Equal(t, "words", e.Message)
			}
		})
	}
}

func TestForgeRenewedToken(t *testing.T) {
	body := `{"status":200,"body":` + onePage + `}`
	tests := []struct {
		name, renewed string
		want          bool
	}{
		{"younger", endsAt(t, start.Add(20*time.Minute)), true},
		{"same", endsAt(t, start.Add(10*time.Minute)), false},
		{"none", "", false},
		{"no-jwt", "abc", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := onForge(t)
			w.routes[opInvoke] = invokes(body, tt.renewed)
			got, err := newForge(t, w).Timers(t.Context(), Token{Value: secret.New("t"), ExpiresAt: start.Add(10 * time.Minute)}, Cached{})
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.Renewed != nil)
		})
	}
}
