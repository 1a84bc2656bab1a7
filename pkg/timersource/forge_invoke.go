package timersource

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
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
	invoked bool // there was an answer to the invocation
	success bool
	body    *envelope // nil if there was none
	token   string    // the renewed one; its expiresAt is a text or a number: the JWT's own exp is read
	errors  []gatewayError
}

func (a *invokeAnswer) read(r *jsonread.Reader) (failed error) {
	if r.Null() {
		return nil
	}
	r.Fields(func(name string) {
		if name != "invokeExtension" || r.Null() {
			return
		}
		a.invoked = r.Fields(func(name string) {
			switch name {
			case "success":
				a.success, _ = r.Bool()
			case "response":
				r.Fields(func(name string) {
					if name == "body" {
						a.body, _ = readInner(r, -1)
					}
				})
			case "contextToken":
				r.Fields(func(name string) {
					if name == "jwt" {
						a.token, _ = r.Text()
					}
				})
			case "errors":
				failed = json.Unmarshal([]byte(r.Raw()), &a.errors)
			}
		})
	})
	return failed
}

// complete does without a renewed token.
func (a *invokeAnswer) complete() bool { return a.success && a.body != nil }

// invoke reads one page of timers, and returns the renewed token that came
// with it, or "".
func (f *Forge) invoke(ctx context.Context, id identity, token Token, page int, tooMany func()) (clockwork.TimersPage, string, error) {
	var answer invokeAnswer
	resp, err := f.site.query(ctx, operation{
		op: "forge.invoke", name: "forge_ui_invokeExtension", query: invokeMutation,
		variables: f.invokeVariables(id, token, page),
		secrets:   []secret.Text{token.Value}, timeout: invokeTimeout, tooMany: tooMany,
	}, &answer)
	if err != nil {
		if errors.Is(err, ErrSessionExpired) || errors.Is(err, ErrSourceGone) {
			return clockwork.TimersPage{}, "", err
		}
		return clockwork.TimersPage{}, "", clockworkError(err)
	}
	if !answer.invoked {
		return clockwork.TimersPage{}, "", fmt.Errorf("%w: no answer to the invocation", ErrUnknownShape)
	}
	if !answer.success {
		return clockwork.TimersPage{}, "", clockworkError(refused(resp, answer.errors))
	}
	got, err := f.page(resp, answer.body)
	return got, answer.token, err
}

func (f *Forge) page(resp *rest.Response, body *envelope) (clockwork.TimersPage, error) {
	if body == nil {
		return clockwork.TimersPage{}, fmt.Errorf("%w: an invocation without a body", ErrUnknownShape)
	}
	page, err := body.open()
	if failed, ok := errors.AsType[*remoteError](err); ok {
		return clockwork.TimersPage{}, clockworkError(f.remote(resp, failed))
	}
	return page, err
}

// remote makes Clockwork's refusal the same error as if it came without Forge.
func (f *Forge) remote(resp *rest.Response, failed *remoteError) error {
	status, code := failed.status, failed.code
	if status == 0 {
		status, code = resp.Status, cmp.Or(code, "REMOTE_FAILED")
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
