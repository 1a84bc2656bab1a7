package doctor_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/doctor"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const (
	jwtSecret  = "9vJx2mQe7Lr4Tz8Kp1Wd6Yc3Hn5Bf0Gs"
	eventKey   = "event-Key_0f9a8b7c6d5e4f3a2b1c"
	signingKey = "signkey-test-00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

var usersJSON = `[{"username":"an","password_hash":"` + password.New("correct horse").PHC() + `","account_id":"712020:an"}]`

// hashedKey is what an SDK sends for signingKey: the digest of its bytes.
var hashedKey = func() string {
	raw, _ := hex.DecodeString(strings.TrimPrefix(signingKey, "signkey-test-"))
	sum := sha256.Sum256(raw)
	return "signkey-test-" + hex.EncodeToString(sum[:])
}()

// healthy are variables of a world in which all is well.
func healthy() map[string]string {
	return map[string]string{
		"AUTH_MODE": "required", "JWT_SECRET": jwtSecret, "AUTH_USERS": usersJSON, "DATABASE_URL": "redis",
		"TOKEN_ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"INNGEST_EVENT_KEY":    eventKey, "INNGEST_SIGNING_KEY": signingKey, "CORS_ALLOWED_ORIGINS": "https://time.example.test",
	}
}

const healthyReport = `ok   configuration  no variable is missing or wrong
ok   redis          Upstash over REST, read, write and scripts, under 1 ms
skip memory         Redis does not say whether it drops keys when it is full: see on the database's page that eviction is off
ok   pubsub         a message arrives, under 1 ms
ok   jira           example.atlassian.net accepts the API token of Hannah Vogel, under 1 ms
ok   clockwork      the token works and reads the worklogs of Hannah Vogel, under 1 ms; Clockwork cannot be asked whether it is their own
ok   session        Jira accepts it; it ends on 2026-06-03, in 30 days
ok   timers         connect: 7 running timers on 1 page, under 1 ms
ok   sync           last done 0s ago, 7 timers run
ok   inngest        both keys are accepted; Inngest does not say whether the app is registered with them and when it last ran (see the app's page in Inngest)
ok   auth           required: 1 user can log in
skip sign-in        PUBLIC_URL is not set: a reload of the page asks for the password again, and no provider can be used
ok   encryption     upstream tokens are stored in Redis, encrypted
ok   database       in the Redis above, for any number of servers
ok   cors           the desktop clients and https://time.example.test
ok   limits         requests are limited per caller and per address
skip telemetry      OTEL_EXPORTER_OTLP_ENDPOINT is not set: no traces are sent
ok   clock          right, by the dates of the answers
`

// wire gives all answers the date of the world's clock, and plays Inngest.
type wire struct {
	t       *testing.T
	world   *apptest.World
	next    http.RoundTripper
	inngest http.HandlerFunc
	ahead   time.Duration // of the upstreams' clocks
	// collector is the status of one that wants credentials.
	collector int
	ping      time.Duration // that a command takes, by the world's clock
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var response *http.Response
	var err error
	if w.ping > 0 && r.GetBody != nil {
		body, _ := r.GetBody()
		if text, _ := io.ReadAll(body); strings.Contains(string(text), "PING") {
			w.world.Clock.Advance(w.ping)
		}
	}
	recorder := httptest.NewRecorder()
	switch host := r.URL.Host; {
	case strings.HasSuffix(host, "inngest.com"), host == "inn.gs":
		w.inngest(recorder, r)
		response = recorder.Result()
	case host == "otlp.example.test":
		assert.Equal(w.t, "Basic 0123456789abcdef-secret", r.Header.Get("Authorization"))
		assert.Equal(w.t, "/v1/traces", r.URL.Path)
		recorder.WriteHeader(w.collector)
		response = recorder.Result()
	default:
		response, err = w.next.RoundTrip(r)
	}
	if err == nil {
		response.Header.Set("Date", w.world.Clock.Now().Add(w.ahead).UTC().Format(http.TimeFormat))
	}
	return response, err
}

var secrets = []string{jwtSecret, eventKey, signingKey, "0123456789abcdef-secret"}

// report runs the doctor in a world, and asserts that it prints no secret and
// leaves nothing in Redis.
func report(t *testing.T, w *apptest.World, through *wire) (text string, failures int) {
	t.Helper()
	before := w.Redis.Miniredis().Keys()
	var out bytes.Buffer
	failures = doctor.Run(t.Context(), w.Env, doctor.Options{Transport: through, Now: w.Clock.Now, Timeout: time.Minute}, doctor.Printer(&out, false))
	assert.Subset(t, before, w.Redis.Miniredis().Keys(), "it leaves nothing behind")
	text = out.String()
	for name, value := range w.Secrets() {
		assertNotPrinted(t, text, name, value)
	}
	for _, value := range secrets {
		assertNotPrinted(t, text, "secret", value)
	}
	assert.NotContains(t, text, "$argon2id$")
	return text, failures
}

func assertNotPrinted(t *testing.T, text, name, value string) {
	t.Helper()
	for _, form := range []string{value, url.QueryEscape(value), base64.StdEncoding.EncodeToString([]byte(value))} {
		assert.NotContains(t, text, form, "%s is printed", name)
	}
}

func newWire(t *testing.T, w *apptest.World) *wire {
	return &wire{t: t, world: w, next: rest.NewTransport(), inngest: inngest(http.StatusOK, http.StatusOK)}
}

// inngest answers for the keys; another key is refused.
func inngest(api, events int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Host == "api.inngest.com" && r.Method == http.MethodGet && r.URL.Path == "/v1/events":
			status := api
			if r.Header.Get("Authorization") != "Bearer "+hashedKey {
				status = http.StatusUnauthorized
			}
			w.WriteHeader(status)
		case r.URL.Host == "inn.gs" && r.Method == http.MethodPost:
			status := events
			if r.URL.Path != "/e/"+eventKey {
				status = http.StatusUnauthorized
			}
			w.WriteHeader(status)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

// knowing answers also for functions, events and runs.
func knowing(keys http.HandlerFunc, functions, events, runs string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasSuffix(path, "/functions"):
			_, _ = io.WriteString(w, functions)
		case strings.HasSuffix(path, "/runs"):
			_, _ = io.WriteString(w, runs)
		case path == "/v1/events" && r.URL.Query().Has("name"):
			_, _ = io.WriteString(w, events)
		default:
			keys(w, r)
		}
	}
}

func TestHealthy(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: healthy()})
	got, failures := report(t, w, newWire(t, w))
	assert.Equal(t, healthyReport, got)
	assert.Zero(t, failures)
}

func TestHealthyOverTCP(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: healthy(), OverTCP: true})
	got, failures := report(t, w, newWire(t, w))
	assert.Equal(t, strings.ReplaceAll(healthyReport, "Upstash over REST", "Redis over TCP"), got)
	assert.Zero(t, failures)
}

// broken is one fault, and the lines that report it.
type broken struct {
	name  string
	env   map[string]string // of the doctor; "" removes a variable
	given func(w *apptest.World, through *wire)
	want  []string
}

func TestBroken(t *testing.T) {
	for _, tt := range slices.Concat(brokenRedis, brokenUpstreams, brokenSettings) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t, apptest.Options{Env: healthy()})
			for name, value := range tt.env {
				w.Env[name] = value
				if value == "" {
					delete(w.Env, name)
				}
			}
			through := newWire(t, w)
			if tt.given != nil {
				tt.given(w, through)
			}
			got, failures := report(t, w, through)
			var lines, wantFailures []string
			for line := range strings.Lines(got) {
				if !strings.Contains(healthyReport, line) {
					lines = append(lines, strings.TrimSuffix(line, "\n"))
				}
			}
			assert.Equal(t, tt.want, lines)
			for _, line := range tt.want {
				if strings.HasPrefix(line, "fail") {
					wantFailures = append(wantFailures, line)
				}
			}
			assert.Len(t, wantFailures, failures)
		})
	}
}

func status(upstream string, code int) func(*apptest.World, *wire) {
	return func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: upstream, Kind: fault.Status, Status: code, Body: `{"message":"no ` + w.Env["ATLASSIAN_API_TOKEN"] + `"}`})
	}
}

// The clock moves while others look at it too: only Redis' own line is known.
func TestRedisFarAway(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: healthy()})
	through := newWire(t, w)
	through.ping = 300 * time.Millisecond
	got, failures := report(t, w, through)
	assert.Contains(t, got, "warn redis          Upstash over REST, read, write and scripts, but 300 ms for one command: choose a region near this server\n")
	assert.Zero(t, failures)
}

const (
	needsRedis   = "skip pubsub         not checked: it needs Redis"
	syncNoRedis  = "skip sync           not checked: it needs Redis"
	needsSession = "skip timers         not checked: it needs the session"
)

const see = "not checked: a variable that it needs is missing or wrong, see configuration"

func TestNothingConfigured(t *testing.T) {
	var got []string
	failures := doctor.Run(t.Context(), nil, doctor.Options{}, func(f doctor.Finding) { got = append(got, string(f.Level)+" "+f.Check) })
	assert.Equal(t, 5, failures)
	assert.Equal(t, []string{"fail configuration", "fail configuration", "fail configuration", "fail configuration", "fail configuration", "skip redis", "skip pubsub",
		"skip jira", "skip clockwork", "skip session", "skip timers", "skip sync", "skip inngest", "warn auth", "skip sign-in", "skip encryption", "ok database", "ok cors", "ok limits", "skip telemetry", "skip clock"}, got)
}

func TestPrinterInColour(t *testing.T) {
	var out bytes.Buffer
	doctor.Printer(&out, true)(doctor.Finding{Level: doctor.OK, Check: "redis", Text: "well"})
	assert.Equal(t, "\x1b[32mok  \x1b[0m redis          well\n", out.String())
}
