package clockwork

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// played is a Clockwork that answers everything with the same.
type played struct {
	status int
	body   []byte
}

func (p played) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: p.status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(p.body)), Request: r}, nil
}

// FuzzErrorBody: whatever Clockwork says of a failure makes one line of an error
// that does not tell the token, and only a 2xx is a success.
func FuzzErrorBody(f *testing.F) {
	f.Add(uint16(422), []byte(`{"messages":[{"title":"t","body":"no timer"}]}`))
	f.Add(uint16(401), []byte(`{"error_message":"bad token tok-s3cret-fuzz","code":"UNAUTHORIZED"}`))
	f.Add(uint16(500), []byte(`<html><body>Sorry</body></html>`))
	f.Add(uint16(200), []byte(``))
	f.Add(uint16(404), []byte(`{"message":{"a":["b"]},"error":7,"messages":{}}`))
	f.Add(uint16(429), []byte("{\"message\":\"a\\u0000b\\r\\nX: y\"}"))
	f.Fuzz(func(t *testing.T, status uint16, body []byte) {
		wire := played{200 + int(status)%400, body}
		c, err := New(Options{BaseURL: "https://clockwork.example.test/v1", Transport: wire,
			Sleep: func(context.Context, time.Duration) error { return nil }})
		require.NoError(t, err)
		token := secret.New("tok-s3cret-fuzz")
		_, notStarted := c.StartTimer(t.Context(), token, "ABC-7", "")
		_, notStopped := c.StopTimer(t.Context(), token, "ABC-7")
		for _, err := range []error{notStarted, notStopped, c.VerifyToken(t.Context(), token, "acc-1")} {
			if err == nil {
				assert.Equal(t, 2, wire.status/100)
				continue
			}
			assert.NotContains(t, err.Error(), "tok-s3cret-fuzz")
			assert.False(t, strings.ContainsAny(err.Error(), "\r\n\x00"), "%q", err)
		}
	})
}
