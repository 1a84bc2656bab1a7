package jira_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

const authorization = "Basic c3ZjQGV4YW1wbGUudGVzdDp0b2stczNjcmV0" // svc@example.test:tok-s3cret

// rig is a client of a small server below a path, and what that server saw.
type rig struct {
	*jira.Client
	log strings.Builder

	mu       sync.Mutex
	requests []string // "GET /issue/ABC-7"
	bodies   []string
}

func newRig(t testing.TB, routes map[string]http.HandlerFunc) *rig {
	t.Helper()
	r := &rig{}
	mux := http.NewServeMux()
	for pattern, handler := range routes {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /ex/jira/c1/rest/api/3"+path, func(w http.ResponseWriter, req *http.Request) {
			body, err := io.ReadAll(req.Body)
			assert.NoError(t, err)
			assert.Equal(t, authorization, req.Header.Get("Authorization"))
			r.mu.Lock()
			r.requests = append(r.requests, method+" "+strings.TrimPrefix(req.URL.Path, "/ex/jira/c1/rest/api/3"))
			r.bodies = append(r.bodies, string(body))
			r.mu.Unlock()
			req.Body = io.NopCloser(strings.NewReader(string(body)))
			handler(w, req)
		})
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	c, err := jira.New(jira.Options{
		BaseURL: srv.URL + "/ex/jira/c1", BrowseURL: "https://acme.example.test",
		Email: "svc@example.test", APIToken: secret.New("tok-s3cret"),
		Transport: srv.Client().Transport,
		Log:       slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Sleep:     func(context.Context, time.Duration) error { return nil },
	})
	require.NoError(t, err)
	r.Client = c
	return r
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// asError is the upstream's error, without the moment of the test.
func asError(t *testing.T, err error) *upstream.Error {
	t.Helper()
	var e *upstream.Error
	require.ErrorAs(t, err, &e)
	e.At = time.Time{}
	return e
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(b)
}
