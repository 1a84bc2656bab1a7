package inngest

import (
	"context"
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

	"github.com/clockwork-timer/backend/pkg/timersync"
)

// warned is a sync whose session ends soon.
type warned struct{ steps }

func (s warned) Acquire(ctx context.Context) (timersync.Acquired, error) {
	got, err := s.steps.Acquire(ctx)
	got.Warning = "renew it"
	return got, err
}

// registered is the function as it is registered with Inngest.
func registered(t *testing.T, variables map[string]string) map[string]any {
	t.Helper()
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"ok":true}`)
	}))
	t.Cleanup(server.Close)
	variables["INNGEST_DEV"] = server.URL
	w := newWorld(t, variables)
	h, err := Handler(w.deps)
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/api/inngest", nil))
	require.Equal(t, http.StatusOK, answer.Code, answer.Body.String())
	var manifest struct{ Functions []map[string]any }
	require.NoError(t, json.Unmarshal(body, &manifest))
	require.Len(t, manifest.Functions, 1)
	return manifest.Functions[0]
}

func TestRegistered(t *testing.T) {
	got := registered(t, map[string]string{})
	assert.Equal(t, "clockwork-timers-sync-active-timers", got["id"])
	assert.Equal(t, []any{map[string]any{"event": "clockwork/timers.sync.requested"}}, got["triggers"])
	assert.Equal(t, map[string]any{"key": "event.data.jiraDomain", "maxSize": 100.0, "timeout": "1s"}, got["batchEvents"])
	assert.Equal(t, map[string]any{"fn": []any{map[string]any{"limit": 1.0, "hash": ""}}}, got["concurrency"])
}

func TestRegisteredWithASchedule(t *testing.T) {
	got := registered(t, map[string]string{"SYNC_CRON": "*/2 * * * *"})
	assert.Equal(t, []any{
		map[string]any{"event": "clockwork/timers.sync.requested"}, map[string]any{"cron": "*/2 * * * *"},
	}, got["triggers"])
}

// What the operator has not configured, a variable of the SDK's does not grant.
func TestRegisterIgnoresTheEnvironment(t *testing.T) {
	const key = "signkey-prod-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	t.Setenv("INNGEST_ENABLE_UNAUTHED_SYNC", "true")
	t.Setenv("INNGEST_SIGNING_KEY_FALLBACK", key)
	w := newWorld(t, map[string]string{"INNGEST_DEV": "", "INNGEST_EVENT_KEY": "event-key", "INNGEST_SIGNING_KEY": strings.ReplaceAll(key, "0123", "4567")})
	h, err := Handler(w.deps)
	require.NoError(t, err)
	const body = `{"url":"https://timers.example.test/api/inngest"}`
	signed, err := inngestgo.Sign(t.Context(), time.Now(), []byte(key), []byte(body))
	require.NoError(t, err)
	for name, signature := range map[string]string{"unsigned": "", "signed-by-the-fallback": signed} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/api/inngest", strings.NewReader(body))
		r.Header.Set("X-Inngest-Signature", signature)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		assert.Equal(t, http.StatusUnauthorized, answer.Code, "%s: %s", name, answer.Body)
	}
	client, err := newClient(w.deps)
	require.NoError(t, err)
	options := client.Options()
	for name, set := range map[string]*string{"Env": options.Env, "APIBaseURL": options.APIBaseURL, "EventAPIBaseURL": options.EventAPIBaseURL} {
		assert.NotNil(t, set, "the SDK reads %s from the environment", name)
	}
}

// invoke is a call as Inngest makes it, with an event's data as JSON.
func invoke(t *testing.T, w *world, data string) *httptest.ResponseRecorder {
	t.Helper()
	h, err := Handler(w.deps)
	require.NoError(t, err)
	event := `{"name":"clockwork/timers.sync.requested","data":` + data + `,"ts":1}`
	body := `{"ctx":{"fn_id":"3b1f2a44-0d9b-4d6a-8f6e-0f8a7a3f5c11","run_id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","step_id":"step","attempt":0},"event":` + event + `,"events":[` + event + `],"steps":{},"version":1}`
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost,
		"/api/inngest?fnId=clockwork-timers-sync-active-timers&stepId=step", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

// Over the SDK, too, what is wrong with an event is final.
func TestInvokedWithAWrongEvent(t *testing.T) {
	for name, data := range map[string]string{
		"another-site": `{"jiraDomain":"evil.example"}`,
		"wrong-type":   `{"accountId":7}`,
		"a-text":       `"text"`,
		"a-list":       `[]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			got := invoke(t, w, data)
			assert.GreaterOrEqual(t, got.Code, 400, got.Body.String())
			assert.Equal(t, "true", got.Header().Get("X-Inngest-No-Retry"), got.Body.String())
			assert.Empty(t, w.box.Requests())
		})
	}
}

func TestInvokedRunsOneStep(t *testing.T) {
	w := newWorld(t, nil)
	got := invoke(t, w, `{}`)
	require.Equal(t, http.StatusPartialContent, got.Code, got.Body.String())
	var ops []struct {
		Name string          `json:"name"`
		Op   string          `json:"op"`
		Data json.RawMessage `json:"data"`
	}
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &ops))
	require.Len(t, ops, 1)
	assert.Equal(t, "acquire-jwt", ops[0].Name)
	assert.Contains(t, string(ops[0].Data), `"source":"forge"`)
}
