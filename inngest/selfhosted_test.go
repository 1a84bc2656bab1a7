package inngest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/inngest/inngestgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The function gets to an Inngest of one's own by its signed PUT, under the
// address that it knows the server by.
func TestRegistersWithAnInngestOfOnesOwn(t *testing.T) {
	const key, url = "00112233445566778899aabbccddeeff", "http://server:3000/api/inngest"
	for name, tt := range map[string]struct {
		signed, accepts  bool
		status, register int
	}{
		"signed":     {true, true, http.StatusOK, 1},
		"unsigned":   {false, true, http.StatusUnauthorized, 0},
		"refused-it": {true, false, http.StatusBadGateway, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var registered []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "POST /fn/register", r.Method+" "+r.URL.Path)
				assert.Regexp(t, "^Bearer [0-9a-f]{64}$", r.Header.Get("Authorization"))
				body, _ := io.ReadAll(r.Body)
				registered = append(registered, string(body))
				if !tt.accepts {
					w.WriteHeader(http.StatusBadRequest)
				}
				_, _ = io.WriteString(w, `{"ok":true}`)
			}))
			defer server.Close()
			w := newWorld(t, map[string]string{"INNGEST_DEV": "", "INNGEST_BASE_URL": server.URL, "INNGEST_EVENT_KEY": "event-key", "INNGEST_SIGNING_KEY": key, "SYNC_CRON": "*/5 * * * *"})
			h, err := Handler(w.deps)
			require.NoError(t, err)
			const body = `{"url":"` + url + `"}`
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/api/inngest", strings.NewReader(body))
			if tt.signed {
				signature, err := inngestgo.Sign(t.Context(), time.Now(), []byte(key), []byte(body))
				require.NoError(t, err)
				r.Header.Set("X-Inngest-Signature", signature)
			}
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, r)
			assert.Equal(t, tt.status, answer.Code, answer.Body)
			require.Len(t, registered, tt.register)
			if tt.register == 0 {
				return
			}
			var sent struct {
				V, URL, DeployType, SDK, AppName string
				Functions                        []struct {
					ID       string
					Triggers []map[string]string
					Steps    map[string]struct{ Runtime struct{ URL string } }
				}
			}
			require.NoError(t, json.Unmarshal([]byte(registered[0]), &sent))
			assert.Equal(t, []string{"1", url, "ping", "clockwork-timers"}, []string{sent.V, sent.URL, sent.DeployType, sent.AppName})
			assert.Regexp(t, `^go:v[0-9]`, sent.SDK)
			require.Len(t, sent.Functions, 1)
			assert.Equal(t, "clockwork-timers-sync-active-timers", sent.Functions[0].ID)
			assert.Len(t, sent.Functions[0].Triggers, 2)
			assert.True(t, strings.HasPrefix(sent.Functions[0].Steps["step"].Runtime.URL, url+"?"), registered[0])
			if tt.accepts {
				assert.NotEmpty(t, answer.Header().Get("X-Inngest-Signature"), "the answer of the SDK, for an Inngest that reads it")
				assert.Contains(t, answer.Body.String(), "sync-active-timers")
			}
		})
	}
}
