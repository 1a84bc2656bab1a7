package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox"
)

const (
	invokeQuery = `mutation forge_ui_invokeExtension($input: InvokeExtensionInput!) { invokeExtension(input: $input) { success response { body } contextToken { jwt expiresAt } errors { message extensions { errorType statusCode ... on InvokeExtensionPayloadErrorExtension { fields { authInfoUrl } } } } } }`
	signQuery   = `mutation SignForgeContextToken($input: GlobalAppSignForgeContextTokensInput!) { globalApp_signForgeContextTokens(input: $input) { success errors { message } tokens { jwt } } }`
	appsQuery   = `query Apps($ctx: ID!, $filters: [EcosystemAppsInstalledInContextsFilter!]) { ecosystem { appsInstalledInContexts(contextIds: [$ctx], filters: $filters) { edges { node { id } } } } }`
)

func (f *fixture) graphQL(t *testing.T, operation, query string, variables any, header ...string) answer {
	t.Helper()
	if header == nil {
		header = f.cookie()
	}
	body := encode(t, map[string]any{"operationName": operation, "query": query, "variables": variables})
	return do(t, http.MethodPost, f.JiraURL+"/gateway/api/graphql", body, append(header, "Content-Type", "application/json")...)
}

func (f *fixture) siteARI() string { return "ari:cloud:jira::site/" + f.Site().CloudID }

func (f *fixture) workspaceARI() string {
	return "ari:cloud:jira:" + f.Site().CloudID + ":workspace/" + f.Site().WorkspaceID
}

const signField = "globalApp_signForgeContextTokens"

// sign asks for a context token. change may be nil.
func (f *fixture) sign(t *testing.T, change func(input, extension map[string]any), header ...string) answer {
	t.Helper()
	extension := map[string]any{
		"appVersion": f.Site().AppVersion, "context": map[string]any{}, "extensionId": f.Site().ExtensionID,
		"extensionType": "jira:globalPage", "installationId": f.Site().InstallationID,
	}
	input := map[string]any{"contextIds": []string{f.siteARI()}, "extensionContexts": []any{extension}}
	if change != nil {
		change(input, extension)
	}
	return f.graphQL(t, "SignForgeContextToken", signQuery, map[string]any{"input": input}, header...)
}

func (f *fixture) contextToken(t *testing.T) string {
	t.Helper()
	got := f.sign(t, nil)
	require.Equal(t, true, got.at("data", signField, "success"), got.text)
	return got.at("data", signField, "tokens", 0, "jwt").(string)
}

// invokeInput returns a valid call, which tests change.
func (f *fixture) invokeInput(token, method, path string) map[string]any {
	return map[string]any{
		"contextIds": []string{f.workspaceARI()}, "extensionId": f.Site().ExtensionID, "entryPoint": "resolver",
		"payload": map[string]any{
			"call":    map[string]any{"method": method, "path": path, "invokeType": "ui-remote-fetch"},
			"context": map[string]any{"appVersion": f.Site().AppVersion}, "contextToken": token,
		},
	}
}

func (f *fixture) invoke(t *testing.T, input map[string]any) answer {
	t.Helper()
	return f.graphQL(t, "forge_ui_invokeExtension", invokeQuery, map[string]any{"input": input})
}

func TestContextToken(t *testing.T) {
	f := start(t, sandbox.Options{})
	token := f.contextToken(t)
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(token, claims)
	require.NoError(t, err)
	assert.Equal(t, "forge/context-token", claims["iss"])
	assert.Equal(t, f.Site().ExtensionID, claims["extensionId"])
	assert.InDelta(t, 900, claims["exp"].(float64)-claims["iat"].(float64), 0)
	invoked := f.invoke(t, f.invokeInput(token, "GET", "/timers.json"))
	assert.Equal(t, true, invoked.at("data", "invokeExtension", "success"))
	noCookie := f.sign(t, nil, "Cookie", "tenant.session.token=x")
	assert.Equal(t, http.StatusUnauthorized, noCookie.status)

	older := func(_, e map[string]any) { e["appVersion"] = "3.7.0" }
	strict := func(s *sandbox.Switches) { s.StrictAppVersion, s.AppVersion = true, "3.11.0" }
	for _, test := range []struct {
		name   string
		change func(input, extension map[string]any)
		set    func(*sandbox.Switches)
		want   bool
	}{
		{name: "foreign-site", change: func(in, _ map[string]any) { in["contextIds"] = []string{"ari:cloud:jira::site/other"} }},
		{name: "unknown-extension", change: func(_, e map[string]any) { e["extensionId"] = "ari:cloud:ecosystem::extension/x/y/static/z" }},
		{name: "unknown-installation", change: func(_, e map[string]any) { e["installationId"] = "x" }},
		{name: "installation-in-full", change: func(_, e map[string]any) {
			e["installationId"] = "ari:cloud:ecosystem::installation/" + f.Site().InstallationID
		}, want: true},
		{name: "older-version", change: older, want: true},
		{name: "older-version-in-strict-mode", change: older, set: strict},
		{name: "strict-mode", set: strict, want: true},
		{name: "app-gone", set: func(s *sandbox.Switches) { s.ForgeGone = true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			f.Switch(func(s *sandbox.Switches) { *s = sandbox.Switches{MultipleTimers: true} })
			if test.set != nil {
				f.Switch(test.set)
			}

			got := f.sign(t, test.change)

			assert.Equal(t, http.StatusOK, got.status)
			assert.Equal(t, test.want, got.at("data", signField, "success"))
			if !test.want {
				assert.Contains(t, got.at("data", signField, "errors", 0), "message")
				assert.Nil(t, got.at("data", signField, "tokens"))
			}
		})
	}
}

func TestAppsDiscovery(t *testing.T) {
	f := start(t, sandbox.Options{})
	apps := func(app string) answer {
		return f.graphQL(t, "Apps", appsQuery, map[string]any{"ctx": f.siteARI(), "filters": []any{
			map[string]any{"type": "ONLY_APP_IDS", "values": []string{"ari:cloud:ecosystem::app/" + app}},
		}})
	}
	edges := []any{"data", "ecosystem", "appsInstalledInContexts", "edges"}

	got := apps(f.Site().AppID)
	installation := append(edges, 0, "node", "installationsByContexts", "nodes", 0)
	assert.Contains(t, got.at(append(installation, "id")...), f.Site().InstallationID)
	assert.Contains(t, got.at(append(installation, "appEnvironment", "id")...), f.Site().EnvironmentID)
	assert.Equal(t, "production", got.at(append(installation, "appEnvironment", "key")...))
	assert.Equal(t, "3.10.0", got.at(append(installation, "appEnvironmentVersion", "version")...))
	node := append(installation, "appEnvironmentVersion", "extensions", "nodes", 0)
	assert.Equal(t, "global-pages", got.at(append(node, "key")...))
	assert.NotEqual(t, f.Site().ExtensionID, got.at(append(node, "id")...), "a deployment's id")
	assert.Zero(t, apps("another").len(edges...))
	f.Switch(func(s *sandbox.Switches) { s.ForgeGone = true })
	assert.Zero(t, apps(f.Site().AppID).len(edges...))
}

func TestInvokeRefusals(t *testing.T) {
	f := start(t, sandbox.Options{})
	const noAccess = "User did not have access to specified resource(s)"
	for _, test := range []struct {
		name       string
		change     func(input, payload map[string]any)
		set        func(*sandbox.Switches)
		wantStatus float64
		wantText   string
	}{
		{name: "no-token", change: func(_, p map[string]any) { delete(p, "contextToken") }, wantStatus: 403, wantText: noAccess},
		{name: "token-outside-payload", change: func(in, p map[string]any) { in["contextToken"] = p["contextToken"]; delete(p, "contextToken") }, wantStatus: 403, wantText: noAccess},
		{name: "forged-token", change: func(_, p map[string]any) { p["contextToken"] = p["contextToken"].(string) + "x" }, wantStatus: 403, wantText: noAccess},
		{name: "no-context", change: func(in, _ map[string]any) { in["contextIds"] = []string{} }, wantStatus: 403, wantText: noAccess},
		{name: "foreign-context", change: func(in, _ map[string]any) { in["contextIds"] = []string{"ari:cloud:jira::site/x"} }, wantStatus: 403, wantText: noAccess},
		{name: "only-site-form", set: func(s *sandbox.Switches) { s.ContextID = "site" }, wantStatus: 403, wantText: noAccess},
		{name: "unknown-extension", change: func(in, _ map[string]any) { in["extensionId"] = "x" }, wantStatus: 403, wantText: noAccess},
		{name: "old-app-version", set: func(s *sandbox.Switches) { s.StrictAppVersion, s.AppVersion = true, "3.12.0" }, wantStatus: 403, wantText: noAccess},
		{name: "app-gone", set: func(s *sandbox.Switches) { s.ForgeGone = true }, wantStatus: 403, wantText: noAccess},
		{name: "wrong-entry-point", change: func(in, _ map[string]any) { in["entryPoint"] = "main" }, wantStatus: 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			f.Switch(func(s *sandbox.Switches) { *s = sandbox.Switches{MultipleTimers: true} })
			input := f.invokeInput(f.contextToken(t), "GET", "/timers.json")
			if test.change != nil {
				test.change(input, input["payload"].(map[string]any))
			}
			if test.set != nil {
				f.Switch(test.set)
			}

			got := f.invoke(t, input)

			assert.Equal(t, http.StatusOK, got.status)
			assert.Equal(t, false, got.at("data", "invokeExtension", "success"))
			assert.Equal(t, test.wantStatus, got.at("data", "invokeExtension", "errors", 0, "extensions", "statusCode"))
			assert.Contains(t, got.at("data", "invokeExtension", "errors", 0, "message"), test.wantText)
		})
	}
}

func TestContextTokenExpiresAndIsRenewed(t *testing.T) {
	f := start(t, sandbox.Options{})
	token := f.contextToken(t)
	f.clock.Advance(14 * time.Minute)
	renewed := f.invoke(t, f.invokeInput(token, "GET", "/timers.json")).at("data", "invokeExtension", "contextToken", "jwt").(string)
	f.clock.Advance(2 * time.Minute)

	old := f.invoke(t, f.invokeInput(token, "GET", "/timers.json"))
	assert.InDelta(t, 401, old.at("data", "invokeExtension", "errors", 0, "extensions", "statusCode"), 0)
	assert.Equal(t, true, f.invoke(t, f.invokeInput(renewed, "GET", "/timers.json")).at("data", "invokeExtension", "success"))
	f.RevokeTokens()
	assert.Equal(t, false, f.invoke(t, f.invokeInput(renewed, "GET", "/timers.json")).at("data", "invokeExtension", "success"))
	f.Switch(func(s *sandbox.Switches) { s.NoTokenRenewal = true })
	got := f.invoke(t, f.invokeInput(f.contextToken(t), "GET", "/timers.json"))
	assert.Equal(t, true, got.at("data", "invokeExtension", "success"))
	assert.Nil(t, got.at("data", "invokeExtension", "contextToken"))
}

func TestForgeEnvelopes(t *testing.T) {
	f := start(t, sandbox.Options{PageSize: 4})
	parse := func(v any) any {
		var out any
		require.NoError(t, json.Unmarshal([]byte(v.(string)), &out))
		return out
	}
	for envelope, unwrap := range map[sandbox.Envelope]func(body any) (status, inner any){
		sandbox.EnvelopeCurrent: func(b any) (any, any) {
			a := answer{json: b}
			return a.at("payload", "status"), a.at("payload", "body")
		},
		sandbox.EnvelopeFlat: func(b any) (any, any) { a := answer{json: b}; return a.at("status"), a.at("body") },
		sandbox.EnvelopeNested: func(b any) (any, any) {
			a := answer{json: b}
			return a.at("body", "payload", "status"), a.at("body", "payload", "body")
		},
		sandbox.EnvelopeText: func(b any) (any, any) {
			a := answer{json: parse(b)}
			return a.at("payload", "status"), parse(a.at("payload", "body"))
		},
	} {
		f.Switch(func(s *sandbox.Switches) { s.ForgeEnvelope = envelope })
		got := f.invoke(t, f.invokeInput(f.contextToken(t), "GET", "/timers.json?page=2"))
		status, inner := unwrap(got.at("data", "invokeExtension", "response", "body"))
		assert.InDelta(t, 200, status, 0, envelope)
		assert.Equal(t, 3, answer{json: inner}.len("timers"), envelope)
		assert.InDelta(t, 2, answer{json: inner}.at("page"), 0, envelope)

		refused := f.invoke(t, f.invokeInput(f.contextToken(t), "GET", "/nothing.json"))
		status, _ = unwrap(refused.at("data", "invokeExtension", "response", "body"))
		assert.InDelta(t, 404, status, 0, envelope)
	}
	f.Switch(func(s *sandbox.Switches) { s.ForgeEnvelope = sandbox.EnvelopeUnknown })
	got := f.invoke(t, f.invokeInput(f.contextToken(t), "GET", "/timers.json"))
	assert.NotContains(t, got.at("data", "invokeExtension", "response", "body"), "payload")
}

func TestGraphQLRefusals(t *testing.T) {
	f := start(t, sandbox.Options{})
	for name, query := range map[string]string{
		"unknown-field":      `query { me { id } }`,
		"wrong-type":         `mutation ($input: Input!) { invokeExtension(input: $input) { success } }`,
		"interface-fragment": `mutation ($input: InvokeExtensionInput!) { invokeExtension(input: $input) { errors { extensions { fields { authInfoUrl } } } } }`,
	} {
		got := f.graphQL(t, "", query, map[string]any{})
		assert.Equal(t, http.StatusOK, got.status, name)
		assert.NotEmpty(t, got.at("errors", 0, "message"), name)
		assert.Nil(t, got.at("data"), name)
	}
	assert.Equal(t, http.StatusOK, f.graphQL(t, "Other", invokeQuery, nil).status)
	assert.NotEmpty(t, f.graphQL(t, "Other", invokeQuery, nil).at("errors"))
	assert.Equal(t, http.StatusBadRequest, do(t, http.MethodPost, f.JiraURL+"/gateway/api/graphql", "{", f.cookie()...).status)
	html := func(s *sandbox.Switches) { s.SessionExpired, s.SessionRefusal = true, "html" }
	f.Switch(html)
	got := f.graphQL(t, "", invokeQuery, nil)
	assert.Equal(t, http.StatusOK, got.status)
	assert.Contains(t, got.header.Get("Content-Type"), "text/html")
}
