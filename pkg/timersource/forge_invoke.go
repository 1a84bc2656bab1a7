package timersource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
)

// invokeTimeout is Forge's own limit for such a call (25 s).
const invokeTimeout = 25 * time.Second

const invokeMutation = `mutation forge_ui_invokeExtension($input: InvokeExtensionInput!) {
  invokeExtension(input: $input) {
    success
    response { body }
    contextToken { jwt expiresAt }
    errors {
      message
      extensions {
        errorType
        statusCode
        ... on InvokeExtensionPayloadErrorExtension { fields { authInfoUrl } }
      }
    }
  }
}`

type invokeAnswer struct {
	Invoked *struct {
		Success  bool `json:"success"`
		Response struct {
			Body json.RawMessage `json:"body"`
		} `json:"response"`
		ContextToken struct {
			JWT string `json:"jwt"` // its expiresAt is a text or a number: the JWT's own exp is read
		} `json:"contextToken"`
		Errors []gatewayError `json:"errors"`
	} `json:"invokeExtension"`
}

// complete does without a renewed token.
func (a *invokeAnswer) complete() bool {
	return a.Invoked != nil && a.Invoked.Success && len(a.Invoked.Response.Body) > 0 && string(a.Invoked.Response.Body) != "null"
}

// invoke reads one page of timers, and returns the renewed token that came
// with it, or "".
func (f *Forge) invoke(ctx context.Context, id identity, token Token, page int) (clockwork.TimersPage, string, error) {
	var answer invokeAnswer
	resp, err := f.site.query(ctx, operation{
		op: "forge.invoke", name: "forge_ui_invokeExtension", query: invokeMutation,
		variables: f.invokeVariables(id, token, page),
		secrets:   []secret.Text{token.Value}, timeout: invokeTimeout,
	}, &answer)
	if err != nil {
		if errors.Is(err, ErrSessionExpired) || errors.Is(err, ErrSourceGone) {
			return clockwork.TimersPage{}, "", err
		}
		return clockwork.TimersPage{}, "", clockworkError(err)
	}
	if answer.Invoked == nil {
		return clockwork.TimersPage{}, "", fmt.Errorf("%w: no answer to the invocation", ErrUnknownShape)
	}
	if !answer.Invoked.Success {
		return clockwork.TimersPage{}, "", clockworkError(refused(resp, answer.Invoked.Errors))
	}
	got, err := f.decodePage(resp, answer.Invoked.Response.Body)
	return got, answer.Invoked.ContextToken.JWT, err
}

func (f *Forge) decodePage(resp *rest.Response, body []byte) (clockwork.TimersPage, error) {
	body, err := unwrap(body)
	if failed, ok := errors.AsType[*remoteError](err); ok {
		return clockwork.TimersPage{}, clockworkError(f.remote(resp, failed))
	}
	if err != nil {
		return clockwork.TimersPage{}, err
	}
	return clockwork.DecodeTimersPage(body)
}

// remote makes Clockwork's refusal the same error as if it came without Forge.
func (f *Forge) remote(resp *rest.Response, failed *remoteError) error {
	status, code := failed.status, failed.code
	if status == 0 {
		status, code = resp.Status, firstOf(code, "REMOTE_FAILED")
	}
	err := resp.Refused(status, code, failed.message)
	err.Upstream = "clockwork"
	err.RetryAfter = rest.RetryAfter(failed.header, f.now())
	return err
}

func (f *Forge) invokeVariables(id identity, token Token, page int) map[string]any {
	return map[string]any{"input": map[string]any{
		"contextIds":  []string{id.contextID},
		"extensionId": id.extensionID,
		"entryPoint":  "resolver",
		"payload": map[string]any{
			"call": map[string]any{
				"method": http.MethodGet, "path": "/timers.json?page=" + strconv.Itoa(page), "invokeType": "ui-remote-fetch",
			},
			"context": map[string]any{
				"cloudId": id.cloudID, "localId": id.extensionID, "environmentId": id.environmentID,
				"environmentType": "PRODUCTION", "moduleKey": clockworkModule, "siteUrl": "https://" + f.host,
				"appVersion": id.appVersion,
				"extension":  map[string]any{"type": clockworkModuleType, "jira": map[string]any{"isNewNavigation": true}},
			},
			"contextToken": token.Value.Reveal(), // here and nowhere else
		},
	}}
}
