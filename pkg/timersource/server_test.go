package timersource

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
)

const session = "eyJhbGciOiJIUzI1NiJ9.c3-s3cret-session.sig"

// world is a Jira site, and Clockwork's report host, that answer with handlers
// a test sets, and remember what they were asked.
type world struct {
	mu       sync.Mutex
	requests []*http.Request
	bodies   map[string][]string // by path, or by GraphQL operation
	log      strings.Builder
	routes   map[string]http.HandlerFunc // by path, or by GraphQL operation
	opts     Options
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{bodies: map[string][]string{}, routes: map[string]http.HandlerFunc{}}
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	w.opts = Options{
		SiteURL: srv.URL, SiteHost: "acme.example.test", ReportBaseURL: srv.URL + "/report",
		Session: secret.New(session), Transport: srv.Client().Transport,
		Now:   func() time.Time { return start },
		Sleep: func(context.Context, time.Duration) error { return nil },
		Log:   slog.New(slog.NewTextHandler(lockedWriter{&w.mu, &w.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	return w
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	name := r.URL.Path
	var gql struct{ OperationName string }
	if name == "/gateway/api/graphql" && json.Unmarshal(body, &gql) == nil {
		name = gql.OperationName
	}
	w.mu.Lock()
	w.requests = append(w.requests, r)
	w.bodies[name] = append(w.bodies[name], string(body))
	handler := w.routes[name]
	w.mu.Unlock()
	if handler == nil {
		handler = answer(http.StatusNotFound, "")
	}
	handler(rw, r)
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if strings.HasPrefix(body, "<") {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func toLogin(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "https://id.example.test/login", http.StatusFound)
}

// onePage is a page of one timer, the only one.
const onePage = `{"timers":[{"id":7,"started_at":"2026-03-05T01:00:00Z","finished_at":null,"running_for":"acc-1",
	"issue":{"key":"ABC-7","id":20456},"till_now":60,"within_working_hours":null}],"page":1,"pages":1,"total":1,"isLast":true}`

func knownTo(timers []timer.Timer) Cached {
	return Cached{Timers: func() []timer.Timer { return timers }}
}
