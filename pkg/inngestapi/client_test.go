package inngestapi_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/inngestapi"
	"github.com/clockwork-timer/backend/pkg/secret"
)

const key = "signkey-prod-00112233445566778899aabbccddeeff"

// server answers each path with a text, as `inngest start` does; it knows the key.
func server(t *testing.T, answers map[string]string) *inngestapi.Client {
	t.Helper()
	raw, _ := hex.DecodeString("00112233445566778899aabbccddeeff")
	sum := sha256.Sum256(raw)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := answers[r.Method+" "+r.URL.RequestURI()]
		switch {
		case r.Header.Get("Authorization") != "Bearer signkey-prod-"+hex.EncodeToString(sum[:]):
			w.WriteHeader(http.StatusUnauthorized)
		case !known:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(answer))
		}
	}))
	t.Cleanup(s.Close)
	c, err := inngestapi.New(inngestapi.Options{BaseURL: s.URL, SigningKey: secret.New(key)})
	require.NoError(t, err)
	return c
}

func TestRegistered(t *testing.T) {
	const ours = `{"internal_id":"b1","id":"clockwork-timers-sync-active-timers","name":"Sync active timers"}`
	for name, tt := range map[string]struct {
		answer string
		want   bool
		bad    bool
	}{
		"it-is":            {"[" + ours + "]", true, false},
		"beside-others":    {`[{"id":"clockwork-timers-other"},` + ours + `]`, true, false},
		"in-an-envelope":   {`{"data":[{"slug":"clockwork-timers-sync-active-timers"}]}`, true, false},
		"nothing-is":       {"[]", false, false},
		"null":             {"null", false, true},
		"only-another":     {`[{"id":"clockwork-timers-other"}]`, false, false},
		"a-web-page":       {"<html>", false, true},
		"another-envelope": {`{"functions":[]}`, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := server(t, map[string]string{"GET /v1/apps/clockwork-timers/functions": tt.answer}).Registered(t.Context())
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.bad, err != nil, "%v", err)
		})
	}
	_, err := server(t, nil).Registered(t.Context())
	assert.Error(t, err, "a server that has no such call")
}

func TestLastRun(t *testing.T) {
	const events = "GET /v1/events?limit=3&name=clockwork%2Ftimers.sync.requested"
	const run = `{"data":[{"run_id":"r","run_started_at":"2026-05-04T14:00:00.5Z","status":"Completed"}]}`
	for name, tt := range map[string]struct {
		answers map[string]string
		want    string
	}{
		"no-event":        {map[string]string{events: `{"data":[]}`}, ""},
		"not-begun":       {map[string]string{events: `{"data":[{"internal_id":"e1"}]}`, "GET /v1/events/e1/runs": `{"data":[]}`}, ""},
		"runs":            {map[string]string{events: `{"data":[{"internal_id":"e1"}]}`, "GET /v1/events/e1/runs": run}, "Completed"},
		"the-one-before":  {map[string]string{events: `{"data":[{"internal_id":"e2"},{"internal_id":"e1"}]}`, "GET /v1/events/e2/runs": `{"data":[]}`, "GET /v1/events/e1/runs": run}, "Completed"},
		"event-of-no-id":  {map[string]string{events: `{"data":[{}]}`}, ""},
		"more-than-asked": {map[string]string{events: `{"data":[{},{},{},{"internal_id":"e1"}]}`, "GET /v1/events/e1/runs": run}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := server(t, tt.answers).LastRun(t.Context())
			require.NoError(t, err)
			if tt.want == "" {
				assert.Nil(t, got)
				return
			}
			require.NotNil(t, got)
			assert.Equal(t, inngestapi.Run{StartedAt: time.Date(2026, 5, 4, 14, 0, 0, 500_000_000, time.UTC), Status: tt.want}, *got)
		})
	}
}

func TestKeys(t *testing.T) {
	c := server(t, map[string]string{"GET /v1/events?limit=1": "{}", "POST /fn/register": "{}"})
	require.NoError(t, c.VerifyKey(t.Context()))
	require.NoError(t, c.Register(t.Context(), json.RawMessage(`{"v":"1"}`)))

	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer s.Close()
	other, err := inngestapi.New(inngestapi.Options{BaseURL: s.URL, SigningKey: secret.New(key)})
	require.NoError(t, err)
	assert.True(t, inngestapi.Refused(other.VerifyKey(context.Background())))
	assert.False(t, inngestapi.Refused(nil))

	for text, want := range map[string]bool{key: true, "00ff": true, "signkey-test-00ff": true, "": false, "0": false, "00fg": false, "signkey-00ff": false} {
		assert.Equal(t, want, inngestapi.IsSigningKey(text), text)
	}
	_, err = inngestapi.New(inngestapi.Options{BaseURL: s.URL, SigningKey: secret.New("nonsense-that-is-secret")})
	require.ErrorIs(t, err, inngestapi.ErrKeyForm)
	assert.NotContains(t, err.Error(), "secret")
}
