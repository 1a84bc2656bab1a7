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
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/doctor"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/sandbox"
	"github.com/clockwork-timer/backend/pkg/sandbox/fault"
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
ok   pubsub         a message arrives, under 1 ms
ok   jira           example.atlassian.net takes the API token of Hannah Vogel, under 1 ms
ok   clockwork      the token works and reads the worklogs of Hannah Vogel, under 1 ms; whether it is their own, Clockwork has no way to ask
ok   session        Jira takes it; it ends on 2026-06-03, in 30 days
ok   timers         connect: 7 running timers on 1 page, under 1 ms
ok   sync           last done 0s ago, 7 timers run
ok   inngest        both keys are taken; that the app is registered with them was not checked (see the app's page in Inngest)
ok   auth           required: 1 user can log in
ok   encryption     upstream tokens are kept in Redis, encrypted
ok   database       in the Redis above, for any number of servers
ok   cors           the desktop clients and https://time.example.test
ok   limits         callers and addresses have quotas
skip telemetry      OTEL_EXPORTER_OTLP_ENDPOINT is not set: no traces are sent
ok   clock          right, as far as the answers' dates tell
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

// report runs the doctor in a world, and holds it to telling no secret and
// leaving nothing behind.
func report(t *testing.T, w *apptest.World, through *wire) (text string, failures int) {
	t.Helper()
	before := w.Redis.Miniredis().Keys()
	var out bytes.Buffer
	failures = doctor.Run(t.Context(), w.Env, doctor.Options{Transport: through, Now: w.Clock.Now, Timeout: 3 * time.Second}, doctor.Printer(&out, false))
	assert.Subset(t, before, w.Redis.Miniredis().Keys(), "it leaves nothing behind")
	text = out.String()
	for name, value := range w.Secrets() {
		assertUntold(t, text, name, value)
	}
	for _, value := range secrets {
		assertUntold(t, text, "secret", value)
	}
	assert.NotContains(t, text, "$argon2id$")
	return text, failures
}

func assertUntold(t *testing.T, text, name, value string) {
	t.Helper()
	for _, form := range []string{value, url.QueryEscape(value), base64.StdEncoding.EncodeToString([]byte(value))} {
		assert.NotContains(t, text, form, "%s is told", name)
	}
}

func newWire(t *testing.T, w *apptest.World) *wire {
	return &wire{t: t, world: w, next: rest.NewTransport(), inngest: inngest(http.StatusOK, http.StatusOK)}
}

// inngest answers for the keys; whoever has another one is refused.
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

// broken is one thing that is wrong, and the lines that tell.
type broken struct {
	name  string
	env   map[string]string // at which the doctor looks; "" takes a variable away
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

var brokenRedis = []broken{
	{name: "redis-wrong-token", env: map[string]string{"UPSTASH_REDIS_REST_TOKEN": "0123456789abcdef-secret"}, want: []string{
		"fail redis          Upstash over REST refuses the credentials: copy UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN anew from the database's page",
		needsRedis, syncNoRedis}},
	{name: "redis-down", given: func(w *apptest.World, _ *wire) { w.Refuse("redis") }, want: []string{
		"fail redis          Upstash over REST: nothing listens at its address: check UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, and that the database is not paused",
		needsRedis, syncNoRedis}},
	{name: "redis-hangs", given: func(w *apptest.World, _ *wire) { w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Hang}) }, want: []string{
		"fail redis          Upstash over REST: no answer in time: check UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, and that the database is not paused",
		needsRedis, syncNoRedis}},
	{name: "redis-is-a-web-page", given: func(w *apptest.World, _ *wire) { w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.HTML}) }, want: []string{
		"fail redis          Upstash over REST: upstash PIPELINE: HTTP 200: answer is not JSON: check UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, and that the database is not paused",
		needsRedis, syncNoRedis}},
	{name: "redis-token-that-reads-only", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "redis", Path: "/pipeline", Kind: fault.Status, Status: 200,
			Body: `[{"error":"NOPERM this user has no permissions to run the 'set' command"},{"result":null},{"error":"NOPERM no"},{"error":"NOPERM no"}]`})
	}, want: []string{
		"fail redis          Upstash over REST takes the credentials, but not for writing and scripts: set the standard token, not the read-only one, in UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN",
		needsRedis}},
	{name: "redis-of-everybody", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "redis", Path: "/pipeline", Kind: fault.Status, Status: 200,
			Body: `[{"result":"OK"},{"result":"another's"},{"result":"another's"},{"result":1}]`})
	}, want: []string{
		"fail redis          Upstash over REST does not give back what was written: is it a Redis of its own? Check UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN",
		needsRedis}},
	{name: "redis-over-its-quota", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status, Status: 400, Body: `{"error":"ERR max requests limit exceeded. Limit: 500000, Usage: 500000."}`})
	}, want: []string{
		"fail redis          Upstash over REST: upstash PIPELINE: HTTP 400: ERR max requests limit exceeded. Limit: look at the database's page (quota, size)",
		needsRedis, syncNoRedis}},
	{name: "redis-without-messages", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "redis", Path: "/subscribe", Kind: fault.Status, Status: 404})
	}, want: []string{
		"fail pubsub         no message arrives over Upstash over REST: upstash SUBSCRIBE: HTTP 404: long polls and realtime need them, so let its user subscribe and publish"}},
	{name: "never-synced", given: func(w *apptest.World, _ *wire) { w.Redis.Miniredis().FlushAll() }, want: []string{
		"warn sync           never done, or over a day ago: run `server sync`, and see that Inngest is told of /api/inngest"}},
	{name: "sync-long-ago", given: func(w *apptest.World, _ *wire) { w.Clock.Advance(time.Hour) }, want: []string{
		"ok   session        Jira takes it; it ends on 2026-06-03, in 29 days",
		"warn sync           last done 1h0m0s ago: set SYNC_CRON, such as */5 * * * *, or run `server sync`"}},
	{name: "schedule-that-fails", env: map[string]string{"SYNC_CRON": "TZ=Europe/Berlin */5 * * * *"}, given: func(w *apptest.World, _ *wire) { w.Clock.Advance(time.Hour) }, want: []string{
		"ok   session        Jira takes it; it ends on 2026-06-03, in 29 days",
		"warn sync           last done 1h0m0s ago: see in Inngest whether sync-active-timers fails"}},
	{name: "schedule-that-is-none", env: map[string]string{"SYNC_CRON": "every 5 minutes"}, want: []string{
		"fail sync           SYNC_CRON is not a schedule: it has five fields, such as */5 * * * *"}},
}

const noCheckOfOwner = "ok   clockwork      the token works, under 1 ms; CLOCKWORK_ACCOUNT_ID not checked, for Jira does not tell"

var brokenUpstreams = []broken{
	{name: "jira-token", env: map[string]string{"ATLASSIAN_API_TOKEN": "0123456789abcdef-secret"}, want: []string{
		"fail jira           401: Jira refuses ATLASSIAN_EMAIL with ATLASSIAN_API_TOKEN: make a new token at id.atlassian.com > Security > API tokens and set both; a scoped one needs JIRA_BASE_URL", noCheckOfOwner}},
	{name: "jira-elsewhere", given: status("jira", 404), want: []string{
		"fail jira           404: no Jira answers there: check JIRA_DOMAIN, and JIRA_BASE_URL if it is set",
		"fail clockwork      the token works, but Jira knows no user with CLOCKWORK_ACCOUNT_ID: set the account id of the token's owner (the last part of the address of their Jira profile)"}},
	{name: "jira-busy", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 429, RetryAfter: "17"})
	}, want: []string{"warn jira           429: Jira gets too many requests just now: ask again in a minute", noCheckOfOwner}},
	{name: "jira-down", given: func(w *apptest.World, _ *wire) { w.Refuse("jira") }, want: []string{
		"fail jira           nothing listens at its address: check JIRA_DOMAIN, or status.atlassian.com", noCheckOfOwner,
		"skip session        not checked: see timers",
		"fail timers         connect: nothing listens at its address: check JIRA_DOMAIN and CLOCKWORK_REPORT_BASE_URL, or status.atlassian.com"}},
	{name: "jira-with-a-web-page", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Operation: "jira.myself", Kind: fault.HTML})
	}, want: []string{
		"fail jira           answers what it should not (is the address right?): check JIRA_DOMAIN, or status.atlassian.com"}},
	{name: "clockwork-token", env: map[string]string{"CLOCKWORK_API_TOKEN": "0123456789abcdef-secret"}, want: []string{
		"fail clockwork      401: Clockwork refuses CLOCKWORK_API_TOKEN: make a new one in Jira under Apps > Clockwork > API tokens"}},
	{name: "clockwork-token-of-another", given: status("clockwork", 403), want: []string{
		"fail clockwork      403: the token's owner may not read the worklogs of CLOCKWORK_ACCOUNT_ID: set the owner's own account id, or a token of that account"}},
	{name: "clockwork-elsewhere", given: status("clockwork", 404), want: []string{
		"fail clockwork      404: no Clockwork API answers there: unset CLOCKWORK_API_BASE_URL, or mend it"}},
	{name: "clockwork-down", given: func(w *apptest.World, _ *wire) { w.Refuse("clockwork") }, want: []string{
		"fail clockwork      nothing listens at its address: check CLOCKWORK_API_BASE_URL, or Clockwork's status page"}},
	{name: "clockwork-no-token", env: map[string]string{"CLOCKWORK_API_TOKEN": ""}, want: []string{
		"skip clockwork      CLOCKWORK_API_TOKEN is not set: worklogs need a token with each request"}},
	{name: "clockwork-nobodys-token", env: map[string]string{"CLOCKWORK_ACCOUNT_ID": ""}, want: []string{
		"warn clockwork      the token works, under 1 ms; without CLOCKWORK_ACCOUNT_ID nobody can start a timer with it, so set the account id of its owner"}},
	{name: "clockwork-unknown-account", env: map[string]string{"CLOCKWORK_ACCOUNT_ID": "712020:nobody"}, want: []string{
		"fail clockwork      the token works, but Jira knows no user with CLOCKWORK_ACCOUNT_ID: set the account id of the token's owner (the last part of the address of their Jira profile)"}},
	{name: "session-refused", given: func(w *apptest.World, _ *wire) {
		w.Sandbox.Switch(func(s *sandbox.Switches) { s.SessionExpired = true })
	}, want: []string{
		"fail session        Jira refuses it: log in to Jira and set JIRA_TENANT_SESSION_TOKEN to the cookie tenant.session.token", needsSession}},
	{name: "session-over", given: func(w *apptest.World, _ *wire) { w.Clock.Advance(31 * 24 * time.Hour) }, want: []string{
		"fail session        ended on 2026-06-03: log in to Jira and set JIRA_TENANT_SESSION_TOKEN to the cookie tenant.session.token", needsSession,
		"warn sync           never done, or over a day ago: run `server sync`, and see that Inngest is told of /api/inngest"}},
	{name: "session-ending", given: func(w *apptest.World, _ *wire) { w.Clock.Advance(27 * 24 * time.Hour) }, want: []string{
		"warn session        ends on 2026-06-03, in 3 days: log in to Jira and set JIRA_TENANT_SESSION_TOKEN to the cookie tenant.session.token",
		"warn sync           never done, or over a day ago: run `server sync`, and see that Inngest is told of /api/inngest"}},
	{name: "session-that-is-none", env: map[string]string{"JIRA_TENANT_SESSION_TOKEN": "0123456789abcdef-secret"}, want: []string{
		"fail session        Jira refuses it: log in to Jira and set JIRA_TENANT_SESSION_TOKEN to the cookie tenant.session.token", needsSession}},
	{name: "timers-by-forge", env: map[string]string{"TIMER_SOURCE": "auto"}, want: []string{"ok   timers         forge: 7 running timers on 1 page, under 1 ms"}},
	{name: "timers-by-connect-after-all", env: map[string]string{"TIMER_SOURCE": "auto"}, given: func(w *apptest.World, _ *wire) {
		w.Sandbox.Switch(func(s *sandbox.Switches) { s.ForgeGone = true })
	}},
	{name: "timers-moved-to-forge", given: func(w *apptest.World, _ *wire) {
		w.Sandbox.Switch(func(s *sandbox.Switches) { s.ConnectGone = true })
	}, want: []string{
		"fail timers         Clockwork Pro is not found on this site: see that it is installed, and set TIMER_SOURCE=auto"}},
	{name: "timers-not-discovered", env: map[string]string{"TIMER_SOURCE": "forge"}, given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Operation: "forge.apps", Kind: fault.Status, Status: 400})
	}, want: []string{
		"fail timers         forge: what identifies Clockwork cannot be found out: set FORGE_INSTALLATION_ID and FORGE_APP_VERSION (.env.example says where they stand)"}},
	{name: "timers-refused", given: status("report", 403), want: []string{
		"fail timers         connect: Clockwork refuses this session's user: take the session of a user who may open Clockwork in Jira"}},
	{name: "timers-of-another-shape", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "report", Kind: fault.WrongTypes})
	}, want: []string{
		"fail timers         connect: Clockwork answers in a way that is not known: its app has changed, and this backend needs an update"}},
	{name: "inngest-signing-key", env: map[string]string{"INNGEST_SIGNING_KEY": "signkey-test-ffee"}, want: []string{
		"fail inngest        401: Inngest refuses INNGEST_SIGNING_KEY: copy it anew from app.inngest.com > Manage > Signing key, of the right environment"}},
	{name: "inngest-event-key", env: map[string]string{"INNGEST_EVENT_KEY": "0123456789abcdef-secret"}, want: []string{
		"fail inngest        401: Inngest does not know INNGEST_EVENT_KEY: make one at app.inngest.com > Manage > Event keys, in the right environment"}},
	{name: "inngest-that-does-not-tell", given: func(_ *apptest.World, through *wire) { through.inngest = inngest(404, 400) }, want: []string{
		"warn inngest        both keys have the right form and Inngest answers (404, 400), but not whether it takes them"}},
	{name: "inngest-that-tells-half", given: func(_ *apptest.World, through *wire) { through.inngest = inngest(200, 400) }, want: []string{
		"warn inngest        the signing key is taken; of the event key only the form was checked, for Inngest answers 400"}},
	{name: "inngest-of-ones-own-down", env: map[string]string{"INNGEST_BASE_URL": "http://127.0.0.1:1"}, want: []string{
		"fail inngest        Inngest: nothing listens at its address: check INNGEST_BASE_URL if it is set, or status.inngest.com"}},
	{name: "inngest-dev-server-down", env: map[string]string{"INNGEST_DEV": "http://127.0.0.1:1"}, want: []string{
		"fail inngest        the dev server: nothing listens at its address: start it with npx inngest-cli@latest dev, or unset INNGEST_DEV"}},
	{name: "inngest-keys-swapped", env: map[string]string{"INNGEST_EVENT_KEY": signingKey, "INNGEST_SIGNING_KEY": eventKey}, want: []string{
		"fail inngest        INNGEST_EVENT_KEY holds a signing key: set the event key there (app.inngest.com > Manage > Event keys)"}},
	{name: "inngest-signing-key-of-no-form", env: map[string]string{"INNGEST_SIGNING_KEY": "0123456789abcdef-secret"}, want: []string{
		"fail inngest        INNGEST_SIGNING_KEY has not the form signkey-prod-0123abcd…: copy it anew from app.inngest.com > Manage > Signing key"}},
	{name: "inngest-without-keys", env: map[string]string{"INNGEST_EVENT_KEY": "", "INNGEST_SIGNING_KEY": ""}, want: []string{
		"warn inngest        no keys are set: nothing syncs by itself, so set INNGEST_EVENT_KEY and INNGEST_SIGNING_KEY (app.inngest.com > Manage), or INNGEST_DEV=1"}},
	{name: "inngest-without-event-key", env: map[string]string{"INNGEST_EVENT_KEY": ""}, want: []string{
		"fail inngest        INNGEST_EVENT_KEY is missing beside INNGEST_SIGNING_KEY: make one at app.inngest.com > Manage > Event keys"}},
	{name: "inngest-without-signing-key", env: map[string]string{"INNGEST_SIGNING_KEY": ""}, want: []string{
		"fail inngest        INNGEST_SIGNING_KEY is missing beside INNGEST_EVENT_KEY: copy it from app.inngest.com > Manage > Signing key"}},
	{name: "clock-slow", given: func(_ *apptest.World, through *wire) { through.ahead = 90 * time.Second }, want: []string{
		"warn clock          1m30s slow: logins and signed requests will be refused, so let it be set by NTP"}},
	{name: "clock-fast", given: func(_ *apptest.World, through *wire) { through.ahead = -31 * time.Minute }, want: []string{
		"warn clock          31m0s fast: logins and signed requests will be refused, so let it be set by NTP"}},
	{name: "clock-nearly-right", given: func(_ *apptest.World, through *wire) { through.ahead = 20 * time.Second }},
}

var collector = map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otlp.example.test", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%200123456789abcdef-secret"}

var weakHash = "$argon2id$v=19$m=4096,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

var brokenSettings = []broken{
	{name: "variables-missing", env: map[string]string{"JIRA_DOMAIN": "", "ATLASSIAN_API_TOKEN": ""}, want: []string{
		"fail configuration  JIRA_DOMAIN is missing: the site's host, such as acme.atlassian.net (.env.example says where to get it)",
		"fail configuration  ATLASSIAN_API_TOKEN is missing (.env.example says where to get it)",
		"skip jira           " + see, "ok   clockwork      the token works, under 1 ms; CLOCKWORK_ACCOUNT_ID not checked, for want of Jira",
		"skip session        " + see, "skip timers         " + see}},
	{name: "variable-in-quotes", env: map[string]string{"DEFAULT_TIMEZONE": "UTC", "JIRA_CLOUD_ID": `"c-1"`}, want: []string{
		"warn configuration  JIRA_CLOUD_ID begins and ends with a quote: Docker's --env-file keeps quotes, so take them away"}},
	{name: "encryption-key-that-is-none", env: map[string]string{"TOKEN_ENCRYPTION_KEY": "0123456789abcdef-secret"}, want: []string{
		"fail configuration  TOKEN_ENCRYPTION_KEY must be base64 of 32 bytes: openssl rand -base64 32 (.env.example says where to get it)",
		"skip encryption     " + see}},
	{name: "encryption-key-made-by-hand", env: map[string]string{"TOKEN_ENCRYPTION_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, want: []string{
		"warn encryption     TOKEN_ENCRYPTION_KEY looks as if one could guess it: openssl rand -base64 32"}},
	{name: "encryption-key-missing", env: map[string]string{"TOKEN_ENCRYPTION_KEY": ""}, want: []string{
		"skip encryption     TOKEN_ENCRYPTION_KEY is not set: each sync asks Jira for a token of its own"}},
	{name: "jwt-secret-guessable", env: map[string]string{"JWT_SECRET": "this-is-my-very-long-jwt-secret-for-the-team"}, want: []string{
		"warn auth           JWT_SECRET looks as if one could guess it: openssl rand -base64 48"}},
	{name: "jwt-secret-repeats-itself", env: map[string]string{"JWT_SECRET": strings.Repeat("9vJx2mQe7Lr4Tz8K", 2)}, want: []string{
		"warn auth           JWT_SECRET looks as if one could guess it: openssl rand -base64 48"}},
	{name: "auth-open", env: map[string]string{"AUTH_MODE": "open"}, want: []string{
		"ok   auth           open: anyone may read, and a write needs its own Clockwork token; 1 user can log in"}},
	{name: "auth-open-on-a-deployment", env: map[string]string{"AUTH_MODE": "open", "VERCEL_ENV": "production"}, want: []string{
		"warn auth           open: anyone who knows the address reads everybody's timers; set AUTH_MODE=required, JWT_SECRET and AUTH_USERS"}},
	{name: "auth-undecided", env: map[string]string{"AUTH_MODE": "", "JWT_SECRET": "", "VERCEL_ENV": "production"}, want: []string{
		"fail auth           not decided, so that nothing but health is served: set JWT_SECRET and AUTH_USERS, or AUTH_MODE=open"}},
	{name: "auth-for-nobody", env: map[string]string{"AUTH_USERS": ""}, want: []string{
		"warn auth           required, but nobody can log in: set AUTH_USERS (`server hash-password` makes a hash)"}},
	{name: "users-that-cannot-log-in", env: map[string]string{"AUTH_MODE": "open", "JWT_SECRET": ""}, want: []string{
		"warn auth           AUTH_USERS cannot log in without JWT_SECRET: openssl rand -base64 48"}},
	{name: "users-with-faults", env: map[string]string{"AUTH_USERS": `[{"username":"an","password_hash":"` + weakHash + `"},{"username":"bo","password_hash":"` +
		strings.Replace(weakHash, "m=4096,t=1", "m=131072,t=3", 1) + `","role":"admin"}]`}, want: []string{
		"warn auth           AUTH_USERS an: a hash that is cheap to guess at: make it anew with `server hash-password`",
		"warn auth           AUTH_USERS bo: a hash that takes over 64 MiB for each login: make it anew with `server hash-password`",
		"warn auth           AUTH_USERS an: neither account_id nor email: they log in and see nothing, so add one"}},
	{name: "database-in-memory", env: map[string]string{"DATABASE_URL": "sqlite://:memory:"}, want: []string{
		"warn database       in memory: what clients started is forgotten at each restart, so set DATABASE_URL=sqlite://clockwork.db"}},
	{name: "database-of-another-kind", env: map[string]string{"DATABASE_URL": "postgres://u:0123456789abcdef-secret@h/db"}, want: []string{
		"fail database       DATABASE_URL must be sqlite://PATH, optionally with ?synchronous=full, or redis"}},
	{name: "database-option-unknown", env: map[string]string{"DATABASE_URL": "sqlite://x.db?synchronous=off"}, want: []string{
		"fail database       DATABASE_URL must be sqlite://PATH, optionally with ?synchronous=full, or redis"}},
	{name: "database-without-a-folder", env: map[string]string{"DATABASE_URL": "sqlite:///no-such-folder/x.db"}, want: []string{
		"fail database       the folder of /no-such-folder/x.db cannot be written: make it, or give it to the server's user"}},
	{name: "database-file-on-vercel", env: map[string]string{"DATABASE_URL": "sqlite://x.db", "VERCEL_ENV": "development"}, want: []string{
		"warn database       a function's disk cannot be written: set DATABASE_URL=redis where realtime is wanted"}},
	{name: "limits-off", env: map[string]string{"RATE_LIMIT": "off"}, want: []string{
		"warn limits         RATE_LIMIT=off: anyone may ask without end, unless something in front of the server holds them back"}},
	{name: "collector", env: collector, given: func(_ *apptest.World, through *wire) { through.collector = 200 }, want: []string{
		"ok   telemetry      the collector takes traces, under 1 ms"}},
	{name: "collector-refuses", env: collector, given: func(_ *apptest.World, through *wire) { through.collector = 401 }, want: []string{
		"fail telemetry      401: the collector refuses OTEL_EXPORTER_OTLP_HEADERS: set the credentials that it asks for"}},
	{name: "collector-of-another-kind", env: collector, given: func(_ *apptest.World, through *wire) { through.collector = 415 }, want: []string{
		"ok   telemetry      the collector answers; that it takes traces was not checked"}},
	{name: "collector-elsewhere", env: collector, given: func(_ *apptest.World, through *wire) { through.collector = 404 }, want: []string{
		"fail telemetry      the collector: answers 404: check OTEL_EXPORTER_OTLP_ENDPOINT, without /v1/traces, and that it speaks OTLP over HTTP"}},
	{name: "collector-down", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, want: []string{
		"fail telemetry      the collector: nothing listens at its address: check OTEL_EXPORTER_OTLP_ENDPOINT, without /v1/traces, and that it speaks OTLP over HTTP"}},
	{name: "origins-none", env: map[string]string{"CORS_ALLOWED_ORIGINS": ""}, want: []string{"ok   cors           the desktop clients, and no page of another origin"}},
	{name: "origin-without-tls", env: map[string]string{"CORS_ALLOWED_ORIGINS": "http://time.example.test", "VERCEL_ENV": "production"}, want: []string{
		"warn cors           http://time.example.test is not encrypted: anyone on the way can put a page there, so use https"}},
}

const see = "not checked: a variable that it needs is missing or wrong, see configuration"

func TestNothingConfigured(t *testing.T) {
	var got []string
	failures := doctor.Run(t.Context(), nil, doctor.Options{}, func(f doctor.Finding) { got = append(got, string(f.Level)+" "+f.Check) })
	assert.Equal(t, 5, failures)
	assert.Equal(t, []string{"fail configuration", "fail configuration", "fail configuration", "fail configuration", "fail configuration", "skip redis", "skip pubsub",
		"skip jira", "skip clockwork", "skip session", "skip timers", "skip sync", "warn inngest", "ok auth", "skip encryption", "ok database", "ok cors", "ok limits", "skip telemetry", "skip clock"}, got)
}

func TestDatabaseFiles(t *testing.T) {
	folder := t.TempDir()
	database := func(path string) string {
		var got string
		doctor.Run(t.Context(), map[string]string{"DATABASE_URL": "sqlite://" + path}, doctor.Options{}, func(f doctor.Finding) {
			if f.Check == "database" {
				got = string(f.Level) + " " + strings.ReplaceAll(f.Text, folder+"/", "")
			}
		})
		return got
	}
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		return path
	}
	assert.Equal(t, "ok new.db will be made by the first start", database(filepath.Join(folder, "new.db")))
	assert.Equal(t, "ok empty.db can be written", database(write("empty.db", "", 0o644)))
	assert.Equal(t, "ok some.db can be written", database(write("some.db", "SQLite format 3\x00and more", 0o644)))
	assert.Equal(t, "fail notes.txt is no SQLite database: name another file in DATABASE_URL", database(write("notes.txt", "buy milk and bread", 0o644)))
	assert.Equal(t, "fail short is no SQLite database: name another file in DATABASE_URL", database(write("short", "SQLite", 0o644)))
	if os.Geteuid() != 0 {
		assert.Equal(t, "fail mine.db cannot be opened for writing: give it to the server's user", database(write("mine.db", "", 0o400)))
	}
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range left {
		assert.NotContains(t, entry.Name(), "doctor", "nothing is left behind")
	}
}

func TestPrinterInColour(t *testing.T) {
	var out bytes.Buffer
	doctor.Printer(&out, true)(doctor.Finding{Level: doctor.OK, Check: "redis", Text: "well"})
	assert.Equal(t, "\x1b[32mok  \x1b[0m redis          well\n", out.String())
}
