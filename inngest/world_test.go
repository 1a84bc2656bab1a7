package inngest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inngest/inngestgo"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersync"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

const redisToken = "redis-s3cret-token"

// world is the function with everything around it played.
type world struct {
	t     *testing.T
	box   *sandbox.Sandbox
	stand *upstashrest.Server
	deps  *app.Deps
	log   *apptest.Log
	wire  *wire
	seen  *seen
	run   *syncActiveTimers
}

// newWorld configures the product as an operator would, with changes.
func newWorld(t *testing.T, variables map[string]string) *world {
	t.Helper()
	w := &world{t: t, box: sandbox.New(sandbox.Options{Seed: 3, PageSize: 3}), log: &apptest.Log{}}
	site := w.box.Start(t)
	var err error
	w.stand, err = upstashrest.New(upstashrest.Options{Token: secret.New(redisToken)})
	require.NoError(t, err)
	front := httptest.NewServer(w.stand)
	t.Cleanup(func() { w.stand.Close(); front.Close() })
	creds := w.box.Credentials()
	environ := map[string]string{
		"UPSTASH_REDIS_REST_URL": front.URL, "UPSTASH_REDIS_REST_TOKEN": redisToken,
		"CLOCKWORK_API_BASE_URL": site.ClockworkURL, "CLOCKWORK_REPORT_BASE_URL": site.ReportURL,
		"JIRA_DOMAIN": w.box.Site().Host, "JIRA_BASE_URL": site.JiraURL,
		"ATLASSIAN_EMAIL": creds.AtlassianEmail, "ATLASSIAN_API_TOKEN": creds.AtlassianAPIToken.Reveal(),
		"JIRA_TENANT_SESSION_TOKEN": creds.SessionToken.Reveal(),
		"TOKEN_ENCRYPTION_KEY":      "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
		"INNGEST_DEV":               "http://127.0.0.1:9", "AUTH_MODE": "open", "LOG_LEVEL": "debug",
	}
	maps.Copy(environ, variables)
	c, err := config.Load(environ)
	require.NoError(t, err)
	base := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(base.CloseIdleConnections)
	w.wire = &wire{next: base}
	w.deps, err = app.New(c, app.Options{Transport: w.wire, Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Deadlines: app.Deadlines{Request: time.Minute, Redis: time.Minute, Names: time.Minute}}) // a machine may pause
	require.NoError(t, err)
	syncer, err := w.deps.Syncer()
	require.NoError(t, err)
	w.seen = &seen{next: syncer}
	w.run = &syncActiveTimers{steps: w.seen, domain: c.Jira.Domain}
	return w
}

// call is one run for an event with this data.
func (w *world) call(data map[string]any) (any, error) {
	in := inngestgo.Input[map[string]any]{}
	in.Event.Data, in.InputCtx.RunID = data, "01RUN"
	out, err := w.run.run(context.Background(), in)
	w.seen.note(out)
	return out, err
}

// seen notes all that the engine would store: the output of each step.
type seen struct {
	next    steps
	outputs []string
}

func (s *seen) note(output any) {
	encoded, err := json.Marshal(output)
	if err != nil {
		panic(err)
	}
	s.outputs = append(s.outputs, string(encoded))
}

func (s *seen) Acquire(ctx context.Context) (timersync.Acquired, error) {
	out, err := s.next.Acquire(ctx)
	s.note(out)
	return out, err
}

func (s *seen) Fetch(ctx context.Context, runID string, from timersync.Acquired) (timersync.Fetched, error) {
	out, err := s.next.Fetch(ctx, runID, from)
	s.note(out)
	return out, err
}

func (s *seen) Write(ctx context.Context, runID string, f timersync.Fetched) (timercache.Result, error) {
	out, err := s.next.Write(ctx, runID, f)
	s.note(out)
	return out, err
}

// wire remembers every JWT that the upstreams gave out.
type wire struct {
	next http.RoundTripper
	mu   sync.Mutex
	jwts map[string]bool
}

var jwtForm = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range jwtForm.FindAllString(string(body), -1) {
		if w.jwts == nil {
			w.jwts = map[string]bool{}
		}
		w.jwts[one] = true
	}
	return resp, err
}

// secrets are all that must never be readable: what the product is configured
// with, and each token that it was given.
func (w *world) secrets() []string {
	creds := w.box.Credentials()
	all := []string{creds.SessionToken.Reveal(), creds.AtlassianAPIToken.Reveal(), redisToken, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
	w.wire.mu.Lock()
	defer w.wire.mu.Unlock()
	for one := range w.wire.jwts {
		all = append(all, one, one[strings.LastIndexByte(one, '.')+1:]) // its signature too
	}
	return all
}

// redis is every key and value that is stored.
func (w *world) redis() string {
	var all strings.Builder
	mini := w.stand.Miniredis()
	for _, key := range mini.Keys() {
		all.WriteString(key + "\n")
		if value, err := mini.Get(key); err == nil {
			all.WriteString(value + "\n")
		}
	}
	return all.String()
}
