package timersource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
)

const signMutation = `mutation SignForgeContextToken($input: GlobalAppSignForgeContextTokensInput!) {
  globalApp_signForgeContextTokens(input: $input) {
    success
    errors { message }
    tokens { jwt }
  }
}`

// sign gets a context token from the gateway, or, where that does not sign and
// a browser's request is configured, from Jira's own endpoint.
func (f *Forge) sign(ctx context.Context, id identity) (string, error) {
	token, err := f.signByGateway(ctx, id)
	if err == nil || len(f.configured.ContextRequest) == 0 || errors.Is(err, ErrSessionExpired) {
		return token, err
	}
	token, second := f.signByJira(ctx)
	if second != nil {
		return "", fmt.Errorf("%w; before that: %w", second, err)
	}
	return token, nil
}

type signAnswer struct {
	Signed *struct {
		Success bool           `json:"success"`
		Errors  []gatewayError `json:"errors"`
		Tokens  []struct {
			JWT string `json:"jwt"`
		} `json:"tokens"`
	} `json:"globalApp_signForgeContextTokens"`
}

func (a *signAnswer) complete() bool {
	return a.Signed != nil && a.Signed.Success && len(a.Signed.Tokens) > 0 && a.Signed.Tokens[0].JWT != ""
}

func (f *Forge) signByGateway(ctx context.Context, id identity) (string, error) {
	var answer signAnswer
	resp, err := f.site.query(ctx, operation{
		op: "forge.sign", name: "SignForgeContextToken", query: signMutation,
		variables: map[string]any{"input": map[string]any{
			"contextIds": []string{id.contextID},
			"extensionContexts": []any{map[string]any{
				"appVersion": id.appVersion, "context": map[string]any{}, "extensionId": id.extensionID,
				"extensionType": clockworkModuleType, "installationId": id.installationID,
			}},
		}},
	}, &answer)
	switch {
	case err != nil:
		return "", signError(err)
	case answer.Signed == nil:
		return "", fmt.Errorf("%w: no answer to the signing of a context token", ErrUnknownShape)
	case !answer.Signed.Success || len(answer.Signed.Tokens) == 0:
		return "", refused(resp, answer.Signed.Errors)
	}
	return answer.Signed.Tokens[0].JWT, nil
}

// signByJira posts what a browser posts. Its answer has been seen as an
// object, as a JSON string, and as the bare token.
func (f *Forge) signByJira(ctx context.Context) (string, error) {
	resp, err := f.site.do(ctx, rest.Request{
		Op: "forge.context_token", Method: http.MethodPost,
		Path: []string{"rest", "internal", "2", "forge", "context", "token"},
		JSON: f.configured.ContextRequest, ReadOnly: true,
	})
	if err != nil {
		return "", err
	}
	var answer struct {
		Token        string `json:"token"`
		ContextToken string `json:"contextToken"`
		ContextJWT   string `json:"contextJwt"`
	}
	if json.Unmarshal(resp.Body, &answer) == nil {
		return firstOf(answer.Token, answer.ContextToken, answer.ContextJWT), nil
	}
	return string(unquoted(resp.Body)), nil
}
