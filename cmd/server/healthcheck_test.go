package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHealthCheck(t *testing.T) {
	_, environ := world(t, nil)
	tests := []struct {
		name   string
		status int
		want   string // of the error
	}{
		{"healthy", http.StatusOK, ""},
		{"unhealthy", http.StatusServiceUnavailable, "the server answered 503"},
		{"another-program", http.StatusFound, "the server answered 302"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.Method+" "+r.URL.String())
				w.Header().Set("Location", "/login")
				w.WriteHeader(tt.status)
			}))
			defer server.Close()
			err := checkHealth(t, environ, server.URL)
			assert.Equal(t, []string{"GET /api/health"}, asked)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestHealthCheckWithoutAServer(t *testing.T) {
	_, environ := world(t, nil)
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	require.ErrorContains(t, checkHealth(t, environ, server.URL), "health check:")
}

// checkHealth runs the command for a server at the address.
func checkHealth(t *testing.T, environ []string, address string) error {
	t.Helper()
	at, err := url.Parse(address)
	require.NoError(t, err)
	return run(t.Context(), []string{"healthcheck"}, append(environ, "PORT="+at.Port()), strings.NewReader(""), io.Discard, io.Discard)
}
