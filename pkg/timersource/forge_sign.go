package timersource

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
)

const signMutation = `mutation SignForgeContextToken($input: GlobalAppSignForgeContextTokensInput!) {
  globalApp_signForgeContextTokens(input: $input) {
    success
    errors { message }
    tokens { jwt }
  }
}`

type signAnswer struct {
	Signed *struct {
		Success bool           `json:"success"`
		Errors  []gatewayError `json:"errors"`
		Tokens  []struct {
			JWT string `json:"jwt"`
		} `json:"tokens"`
	} `json:"globalApp_signForgeContextTokens"`
}

func (a *signAnswer) read(r *jsonread.Reader) error { return json.Unmarshal([]byte(r.Raw()), a) }

func (a *signAnswer) complete() bool {
	return a.Signed != nil && a.Signed.Success && len(a.Signed.Tokens) > 0 && a.Signed.Tokens[0].JWT != ""
}

// sign gets a context token from the gateway.
func (f *Forge) sign(ctx context.Context, id identity) (string, error) {
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
