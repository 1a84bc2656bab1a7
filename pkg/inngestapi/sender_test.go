package inngestapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/inngestapi"
	"github.com/clockwork-timer/backend/pkg/secret"
)

func sender(t *testing.T, url string, dev bool, eventKey string) *inngestapi.Sender {
	t.Helper()
	s, err := inngestapi.NewSender(inngestapi.SenderOptions{BaseURL: url, Dev: dev, EventKey: secret.New(eventKey), Timeout: 3 * time.Second, Now: time.Now})
	require.NoError(t, err)
	return s
}

// A repeated POST is the same event, and the next request another one.
func TestRequestSync(t *testing.T) {
	var paths, ids []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct {
			ID, Name string
			Data     map[string]string
		}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&event))
		assert.Equal(t, "clockwork/timers.sync.requested", event.Name)
		assert.Equal(t, map[string]string{"accountId": "712020:emily"}, event.Data)
		paths, ids = append(paths, r.URL.Path), append(ids, event.ID)
		if len(ids) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = fmt.Fprint(w, `{"ids":["01J"],"status":200}`)
	}))
	defer s.Close()
	events := sender(t, s.URL, true, "")
	require.NoError(t, events.RequestSync(t.Context(), "712020:emily"))
	require.NoError(t, events.RequestSync(t.Context(), "712020:emily"))
	require.Len(t, ids, 3)
	assert.NotEmpty(t, ids[0])
	assert.Equal(t, ids[0], ids[1])
	assert.NotEqual(t, ids[1], ids[2])
	assert.Equal(t, []string{"/e/dev", "/e/dev", "/e/dev"}, paths, "a dev server takes any key, but not none")
}

// No error holds the event key, which is part of the address.
func TestRequestSyncFails(t *testing.T) {
	const eventKey = "event-key-0123"
	for name, answer := range map[string]http.HandlerFunc{
		"refused": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":"no key `+eventKey+`"}`, http.StatusUnauthorized)
		},
		"a-web-page": func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>") },
		"no-id":      func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{}`) },
		"hangs-up":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"redirects":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(answer)
			defer s.Close()
			err := sender(t, s.URL, true, eventKey).RequestSync(t.Context(), "")
			require.ErrorIs(t, err, inngestapi.ErrNotSent)
			assert.NotContains(t, err.Error(), eventKey)
		})
	}
	err := sender(t, "", false, "").RequestSync(t.Context(), "")
	require.ErrorIs(t, err, inngestapi.ErrNotSent)
	assert.ErrorContains(t, err, "INNGEST_EVENT_KEY is not set")
}
