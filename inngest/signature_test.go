package inngest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/inngest/inngestgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
)

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// What has no signature of now is refused before its body is read.
func TestSignatureIsCheckedBeforeTheBody(t *testing.T) {
	now := time.Unix(1_777_000_000, 0)
	at := func(age time.Duration) string { return fmt.Sprintf("t=%d&s=%064x", now.Add(-age).Unix(), 7) }
	for _, tt := range []struct {
		name, signature string
		recent          bool
	}{
		{"none", "", false},
		{"empty", "t=&s=", false},
		{"no-time", "s=00ff", false},
		{"no-hash", fmt.Sprintf("t=%d&s=", now.Unix()), false},
		{"other-order", fmt.Sprintf("s=00ff&t=%d", now.Unix()), false},
		{"more", at(0) + "&x=1", false},
		{"capitals", fmt.Sprintf("t=%d&s=00FF", now.Unix()), false},
		{"too-long", at(0) + "0", false},
		{"sign", fmt.Sprintf("t=+%d&s=00ff", now.Unix()), false},
		{"long-ago", at(5*time.Minute + time.Second), false},
		{"far-ahead", at(-5*time.Minute - time.Second), false},
		{"huge-time", "t=99999999999&s=00ff", false},
		{"just-recent", at(5 * time.Minute), true},
		{"clock-behind", at(-5 * time.Minute), true},
		{"now", at(0), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &signatures{now: func() time.Time { return now }}
			require.Equal(t, tt.recent, s.recent(tt.signature))
			if tt.recent {
				return
			}
			for _, method := range []string{http.MethodPost, http.MethodPut} {
				r := httptest.NewRequestWithContext(t.Context(), method, "/api/inngest", unread{t})
				r.Header.Set("X-Inngest-Signature", tt.signature)
				answer := httptest.NewRecorder()
				s.serve(http.NotFoundHandler()).ServeHTTP(answer, r)
				assert.Equal(t, http.StatusUnauthorized, answer.Code)
				assert.Contains(t, answer.Body.String(), `"error":"UNAUTHORIZED"`)
			}
		})
	}
}

// signed is a request from an address that Inngest has signed, or somebody else.
func signed(t *testing.T, address, key, body string) *http.Request {
	t.Helper()
	signature, err := inngestgo.Sign(context.Background(), time.Now(), []byte(key), []byte(body))
	require.NoError(t, err)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/inngest", strings.NewReader(body))
	r.RemoteAddr = address + ":4711"
	r.Header.Set("X-Inngest-Signature", signature)
	return r
}

// Who sends large bodies that Inngest has not signed has few of them checked.
func TestForgeriesAreFew(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true, Env: map[string]string{"INNGEST_SIGNING_KEY": signingKey, "INNGEST_EVENT_KEY": "event-key-0123"}})
	s := &signatures{deps: w.Deps, now: time.Now}
	var handed []string
	handler := s.serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		handed = append(handed, string(body))
	}))
	send := func(address, key, body string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, signed(t, address, key, body))
		return answer
	}
	large, small := `"`+strings.Repeat("a", smallBody)+`"`, `{"b":1,"a":[2.0]}`
	const other = "signkey-prod-ffee"
	for n := range 20 {
		require.Equal(t, http.StatusUnauthorized, send("192.0.2.1", other, large).Code, "request %d", n)
		require.Equal(t, http.StatusOK, send("192.0.2.9", signingKey, large).Code, "what is signed is not limited")
	}
	refused := send("192.0.2.1", other, large)
	assert.Equal(t, http.StatusTooManyRequests, refused.Code)
	assert.Equal(t, "3", refused.Header().Get("Retry-After"))
	assert.Equal(t, http.StatusTooManyRequests, send("192.0.2.1", signingKey, large).Code, "which of them is signed is not looked at")
	assert.Equal(t, http.StatusUnauthorized, send("192.0.2.1", other, small).Code)
	handed = nil
	assert.Equal(t, http.StatusOK, send("192.0.2.1", signingKey, small).Code, "Inngest's calls from a shared address")
	assert.Equal(t, http.StatusOK, send("192.0.2.2", signingKey, large).Code, "another address")
	assert.Equal(t, []string{small, large}, handed, "as they were sent")
	w.Clock.Advance(time.Minute)
	assert.Equal(t, http.StatusUnauthorized, send("192.0.2.1", other, large).Code, "later they are checked again")
}

// A GET asks what functions there are. Its body is ignored.
func TestBodyOfAGetIsNotRead(t *testing.T) {
	s := &signatures{now: time.Now}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/inngest", unread{t})
	answer := httptest.NewRecorder()
	s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Empty(t, body)
		w.WriteHeader(http.StatusTeapot)
	})).ServeHTTP(answer, r)
	assert.Equal(t, http.StatusTeapot, answer.Code)
}
