package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// graphQLRequest is what the gateway accepts. The query text is not parsed: the
// operation is recognised by the field it asks for, and the variables must have the
// names of the package comment.
type graphQLRequest struct {
	OperationName string          `json:"operationName"`
	Query         string          `json:"query"`
	Variables     json.RawMessage `json:"variables"`
}

// serveGraphQL recognises the operation before it counts it.
func (s *Sandbox) serveGraphQL(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var in graphQLRequest
	if err != nil || json.Unmarshal(body, &in) != nil {
		writeGraphQLError(w, http.StatusBadRequest, "Invalid JSON in the request body")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	name, serve := "forge.unknown", func(w http.ResponseWriter, _ *http.Request) {
		writeGraphQLError(w, http.StatusOK, "Validation error: no known field in the query")
	}
	switch q := in.Query; {
	case strings.Contains(q, "invokeExtension"):
		name, serve = "forge.invoke", s.graphQL(in, "InvokeExtensionInput!", s.serveInvoke)
	case strings.Contains(q, "globalApp_signForgeContextTokens"):
		name, serve = "forge.sign_context_token", s.graphQL(in, "GlobalAppSignForgeContextTokensInput!", s.serveSign)
	case strings.Contains(q, "appsInstalledInContexts"):
		name, serve = "forge.apps", s.graphQL(in, "EcosystemAppsInstalledInContextsFilter!", s.serveApps)
	}
	s.operation(name, s.withSession("unauthorized", serve))(w, r)
}

// graphQL refuses a query that the real schema would refuse: one that does not name
// the input's type, or that selects an implementation's field on the interface.
func (s *Sandbox) graphQL(in graphQLRequest, inputType string, h func(http.ResponseWriter, json.RawMessage)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		switch q := in.Query; {
		case !strings.Contains(q, inputType):
			writeGraphQLError(w, http.StatusOK, "Validation error: variable of type '"+inputType+"' expected")
		case strings.Contains(q, "authInfoUrl") && !strings.Contains(q, "InvokeExtensionPayloadErrorExtension"):
			writeGraphQLError(w, http.StatusOK, "Validation error (FieldUndefined): Field 'fields' in type 'MutationErrorExtension' is undefined")
		case in.OperationName != "" && !strings.Contains(q, in.OperationName):
			writeGraphQLError(w, http.StatusOK, "Unknown operation named '"+in.OperationName+"'.")
		default:
			h(w, in.Variables)
		}
	}
}

func writeGraphQLError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]any{"data": nil, "errors": []any{map[string]any{
		"message": message, "extensions": map[string]any{"classification": "ValidationError", "statusCode": http.StatusBadRequest},
	}}})
}

// serveSign answers with context tokens.
func (s *Sandbox) serveSign(w http.ResponseWriter, variables json.RawMessage) {
	var in struct {
		Input struct {
			ContextIDs        []string `json:"contextIds"`
			ExtensionContexts []struct {
				AppVersion     string `json:"appVersion"`
				ExtensionID    string `json:"extensionId"`
				ExtensionType  string `json:"extensionType"`
				InstallationID string `json:"installationId"`
			} `json:"extensionContexts"`
		} `json:"input"`
	}
	answer := map[string]any{"success": false, "errors": []any{map[string]any{"message": nil}}, "tokens": nil}
	ok := json.Unmarshal(variables, &in) == nil && len(in.Input.ExtensionContexts) > 0 && s.acceptsContext(in.Input.ContextIDs)
	tokens := []any{}
	for _, e := range in.Input.ExtensionContexts {
		ok = ok && s.knowsExtension(e.ExtensionID, e.InstallationID, e.AppVersion)
		if ok {
			token, _ := s.signContextToken(e.ExtensionID, e.ExtensionType)
			tokens = append(tokens, map[string]any{"jwt": token})
		}
	}
	if ok {
		answer = map[string]any{"success": true, "errors": nil, "tokens": tokens}
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": map[string]any{"globalApp_signForgeContextTokens": answer}})
}

// serveApps lists Clockwork's installation, from which a backend learns the ids.
func (s *Sandbox) serveApps(w http.ResponseWriter, variables json.RawMessage) {
	var in struct {
		Ctx     string `json:"ctx"`
		Filters []struct {
			Type   string   `json:"type"`
			Values []string `json:"values"`
		} `json:"filters"`
	}
	if json.Unmarshal(variables, &in) != nil || !s.acceptsContext([]string{in.Ctx}) {
		writeGraphQLError(w, http.StatusOK, errNoAccess.Error())
		return
	}
	const app = "ari:cloud:ecosystem::app/" + clockworkAppID
	wanted := true
	for _, f := range in.Filters {
		wanted = wanted && f.Type == "ONLY_APP_IDS" && slices.Contains(f.Values, app)
	}
	edges := []any{}
	if wanted && !s.Switches().ForgeGone {
		edges = append(edges, map[string]any{"node": s.appNode(app)})
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": map[string]any{"ecosystem": map[string]any{
		"appsInstalledInContexts": map[string]any{"edges": edges},
	}}})
}

// appNode lists other modules too. The extension ids here are those of a deployment.
func (s *Sandbox) appNode(app string) map[string]any {
	site := s.Site()
	extensions := []any{}
	for _, e := range [][2]string{
		{clockworkModuleKey, clockworkModuleType}, {"issue-panel", "jira:issuePanel"}, {"timer-issue-activity", "jira:issueActivity"},
	} {
		id := "ari:cloud:ecosystem::extension/" + site.AppID + "/" + site.EnvironmentID + "/" + site.ClientKey + "/" + e[0]
		extensions = append(extensions, map[string]any{"id": id, "key": e[0], "extensionTypeKey": e[1]})
	}
	installation := map[string]any{
		"id":                    "ari:cloud:ecosystem::installation/" + site.InstallationID,
		"appEnvironment":        map[string]any{"id": "ari:cloud:ecosystem::environment/" + site.AppID + "/" + site.EnvironmentID, "key": "production"},
		"appEnvironmentVersion": map[string]any{"version": site.AppVersion, "extensions": map[string]any{"nodes": extensions}},
	}
	return map[string]any{"id": app, "installationsByContexts": map[string]any{"nodes": []any{installation}}}
}
