package timersource

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// beside adds an error to the answer of an operation.
func beside(h http.HandlerFunc, message, path string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		recorded := &strings.Builder{}
		h(bodyOnly{w, recorded}, r)
		_, _ = fmt.Fprintf(w, `%s,"errors":[{"message":%q,"path":[%s]}]}`, strings.TrimSuffix(recorded.String(), "}"), message, path)
	}
}

// bodyOnly keeps a body back.
type bodyOnly struct {
	http.ResponseWriter
	body *strings.Builder
}

func (b bodyOnly) Write(p []byte) (int, error) { return b.body.Write(p) }

// An error of a field that may be null takes nothing from data that is whole.
func TestErrorBesideWholeData(t *testing.T) {
	value := endsAt(t, start.Add(15*time.Minute))
	page := invokes(`{"status":200,"body":`+onePage+`}`, "")
	w := onForge(t)
	w.routes[opApps] = beside(apps(install("i1", "e1", "production", "8")), "name is not there", `"ecosystem","appsInstalledInContexts","edges",0,"node","id"`)
	w.routes[opSign] = beside(signsWith(value), "User did not have access", `"globalApp_signForgeContextTokens","errors"`)
	w.routes[opInvoke] = beside(page, "no token today", `"invokeExtension","contextToken"`)
	forge := newForge(t, w)
	token, err := forge.Acquire(t.Context())
	require.NoError(t, err)
	assert.Equal(t, value, token.Value.Reveal())
	got, err := forge.Timers(t.Context(), token, Cached{})
	require.NoError(t, err)
	assert.Len(t, got.Timers, 1)
}

// Data from which something is missing is refused by what the error says.
func TestErrorBesideHalfData(t *testing.T) {
	const noAccess = "User did not have access"
	for name, h := range map[string]http.HandlerFunc{
		"no-body":    answer(200, `{"data":{"invokeExtension":{"success":true,"response":{"body":null}}}}`),
		"no-success": answer(200, `{"data":{"invokeExtension":{"success":null,"response":{"body":{"status":200}}}}}`),
		"no-answer":  answer(200, `{"data":{"invokeExtension":null}}`),
		"no-data":    answer(200, `{"data":null}`),
	} {
		t.Run(name, func(t *testing.T) {
			w := onForge(t)
			w.routes[opInvoke] = beside(h, noAccess, `"invokeExtension"`)
			_, err := newForge(t, w).Timers(t.Context(), Token{Value: secret.New("t")}, Cached{})
			assert.ErrorIs(t, err, ErrTokenRefused)
		})
	}
	for name, edges := range map[string]string{
		"no-entries":   `[]`,
		"null-entry":   `[null]`,
		"null-node":    `[{"node":null}]`,
		"null-inside":  `[{"node":{"installationsByContexts":{"nodes":[null,{"id":"i1","appEnvironment":{"id":"e1","key":"production"},"appEnvironmentVersion":{"version":"8"}}]}}}]`,
		"null-version": `[{"node":{"installationsByContexts":{"nodes":[{"id":"i1","appEnvironment":{"id":"e1","key":"production"},"appEnvironmentVersion":null}]}}}]`,
	} {
		t.Run("apps-"+name, func(t *testing.T) {
			w := onForge(t)
			w.routes[opApps] = beside(answer(200, `{"data":{"ecosystem":{"appsInstalledInContexts":{"edges":`+edges+`}}}}`), "Not allowed", `"ecosystem"`)
			_, err := newForge(t, w).Acquire(t.Context())
			assert.ErrorIs(t, err, ErrNotDiscovered)
			assert.ErrorContains(t, err, "Not allowed")
		})
	}
	t.Run("sign-without-jwt", func(t *testing.T) {
		w := onForge(t)
		w.routes[opSign] = beside(answer(200, `{"data":{"globalApp_signForgeContextTokens":{"success":true,"tokens":[{"jwt":null}]}}}`), "signer is down", `"globalApp_signForgeContextTokens","tokens",0,"jwt"`)
		_, err := newForge(t, w).Acquire(t.Context())
		assert.ErrorContains(t, err, "signer is down")
	})
}
