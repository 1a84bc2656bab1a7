package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

type invokeInput struct {
	ContextIDs  []string `json:"contextIds"`
	ExtensionID string   `json:"extensionId"`
	EntryPoint  string   `json:"entryPoint"`
	Payload     struct {
		Call struct {
			Method     string `json:"method"`
			Path       string `json:"path"`
			InvokeType string `json:"invokeType"`
		} `json:"call"`
		Context struct {
			AppVersion string `json:"appVersion"`
		} `json:"context"`
		ContextToken string `json:"contextToken"`
	} `json:"payload"`
}

// serveInvoke passes a call to Clockwork's app API through Forge.
func (s *Sandbox) serveInvoke(w http.ResponseWriter, variables json.RawMessage) {
	var in struct {
		Input invokeInput `json:"input"`
	}
	if err := json.Unmarshal(variables, &in); err != nil {
		writeGraphQLError(w, http.StatusOK, "Variable 'input' has an invalid value")
		return
	}
	i := in.Input
	call, err := url.Parse(i.Payload.Call.Path)
	if err != nil || i.EntryPoint != "resolver" || i.Payload.Call.InvokeType != "ui-remote-fetch" {
		refuseInvoke(w, http.StatusBadRequest, "BAD_REQUEST", "entryPoint, invokeType or path is wrong")
		return
	}
	if err := s.mayInvoke(i); err != nil {
		status := http.StatusForbidden
		if errors.Is(err, jwt.ErrTokenExpired) {
			status = http.StatusUnauthorized
		}
		refuseInvoke(w, status, "FORBIDDEN", err.Error())
		return
	}
	status, body := s.callReport(i.Payload.Call.Method, call)
	writeJSON(w, http.StatusOK, map[string]any{"data": map[string]any{"invokeExtension": map[string]any{
		"success": true, "errors": nil,
		"response":     map[string]any{"body": envelope(s.Switches().ForgeEnvelope, status, body)},
		"contextToken": s.renewal(i.ExtensionID),
	}}})
}

// mayInvoke makes Forge's checks. It also refuses a call without a token, because it
// is not known whether the real gateway accepts one.
func (s *Sandbox) mayInvoke(i invokeInput) error {
	if !s.acceptsContext(i.ContextIDs) || !s.knowsExtension(i.ExtensionID, "", i.Payload.Context.AppVersion) {
		return errNoAccess
	}
	return s.checkContextToken(i.Payload.ContextToken)
}

func refuseInvoke(w http.ResponseWriter, status int, errorType, message string) {
	writeJSON(w, http.StatusOK, map[string]any{"data": map[string]any{"invokeExtension": map[string]any{
		"success": false, "response": nil, "contextToken": nil,
		"errors": []any{map[string]any{"message": message, "extensions": map[string]any{"errorType": errorType, "statusCode": status}}},
	}}})
}

// renewal returns the new token that each answer has.
func (s *Sandbox) renewal(extensionID string) any {
	if s.Switches().NoTokenRenewal {
		return nil
	}
	token, expires := s.signContextToken(extensionID, clockworkModuleType)
	return map[string]any{"jwt": token, "expiresAt": expires.Format(time.RFC3339)}
}

// envelope wraps Clockwork's answer in one of the shapes that real sites use.
func envelope(shape Envelope, status int, body any) any {
	headers := map[string]any{"content-type": []string{"application/json; charset=utf-8"}}
	switch shape {
	case EnvelopeFlat:
		return map[string]any{"status": status, "headers": headers, "body": body}
	case EnvelopeNested:
		return map[string]any{"headers": headers, "body": map[string]any{
			"success": true, "payload": map[string]any{"status": status, "body": body},
		}}
	case EnvelopeText:
		return asText(envelope(EnvelopeCurrent, status, asText(body)))
	case EnvelopeUnknown:
		return map[string]any{"result": map[string]any{"items": body}}
	}
	return map[string]any{"success": true, "payload": map[string]any{"status": status, "headers": headers, "body": body}}
}

func asText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: encode an answer: " + err.Error())
	}
	return string(b)
}
