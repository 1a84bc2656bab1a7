package clockwork_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/secret"
)

// token has the characters that real ones may have.
var token = secret.New("abc+/=--123")

var thatDay = time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)

// options point at a server that answers with handler, below a path.
func options(t testing.TB, handler http.HandlerFunc) clockwork.Options {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/", handler)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return clockwork.Options{
		BaseURL:   srv.URL + "/v1",
		Transport: srv.Client().Transport,
		Now:       func() time.Time { return thatDay.Add(20 * time.Hour) },
		Sleep:     func(context.Context, time.Duration) error { return nil },
	}
}

func newClient(t testing.TB, handler http.HandlerFunc) *clockwork.Client {
	t.Helper()
	c, err := clockwork.New(options(t, handler))
	require.NoError(t, err)
	return c
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}
