package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/version"
)

// world returns a world on the real clock, which the server also uses.
func world(t *testing.T, env map[string]string) (*apptest.World, []string) {
	t.Helper()
	w := apptest.New(t, apptest.Options{Now: time.Now(), Unsynced: true, Env: env})
	environ := []string{"PORT=0", "DATABASE_URL=sqlite://:memory:"}
	for name, value := range w.Env {
		environ = append(environ, name+"="+value)
	}
	return w, environ
}

var address = regexp.MustCompile(`msg=listening address=\S*?:(\d+)`)

// jsonAddress is address for a log in JSON.
var jsonAddress = regexp.MustCompile(`"msg":"listening","address":"[^"]*:(\d+)"`)

func TestServe(t *testing.T) {
	s := startServer(t, nil)
	for path, want := range map[string]int{"/api/health?deep=1": 200, "/api/timers/active": 200, "/nothing": 404} {
		assert.Equal(t, want, s.get(path, nil), path)
	}
	assert.Less(t, s.stop(), 9*time.Second, "less than the grace period of ten seconds")
}

// Until AUTH_MODE is set, only this machine gets an answer, and the log warns that
// everybody on it can read all timers.
func TestOpenByDefaultWarns(t *testing.T) {
	const warning, loopback = "AUTH_MODE is not set", "msg=listening address=127.0.0.1:"
	for name, tt := range map[string]struct {
		env    map[string]string
		warned bool
	}{
		"unset":          {map[string]string{"AUTH_MODE": "", "JWT_SECRET": ""}, true},
		"only-blanks":    {map[string]string{"AUTH_MODE": " ", "JWT_SECRET": ""}, true},
		"open-by-choice": {map[string]string{"AUTH_MODE": "open", "JWT_SECRET": ""}, false},
		"required":       {map[string]string{"AUTH_MODE": "", "JWT_SECRET": jwtSecret}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, tt.env)
			require.Equal(t, http.StatusOK, s.get("/api/health", nil))
			s.stop()
			assert.Equal(t, tt.warned, strings.Contains(s.log.String(), warning), s.log)
			assert.Equal(t, tt.warned, strings.Contains(s.log.String(), loopback), s.log)
		})
	}
}

// An empty AUTH_MODE in an env file does not open the image.
func TestEmptyAuthModeInTheImage(t *testing.T) {
	authMode = "required"
	t.Cleanup(func() { authMode = "" })
	for name, tt := range map[string]struct{ mode, want string }{
		"empty": {"AUTH_MODE=", "JWT_SECRET is missing"}, "blank": {"AUTH_MODE=\t ", "JWT_SECRET is missing"},
		"unset": {"UNSET=", "JWT_SECRET is missing"}, "nonsense": {"AUTH_MODE=off", "AUTH_MODE must be required or open"},
	} {
		t.Run(name, func(t *testing.T) {
			_, environ := world(t, map[string]string{"JWT_SECRET": ""})
			environ = slices.DeleteFunc(environ, func(v string) bool { return strings.HasPrefix(v, "AUTH_MODE=") })
			err := run(t.Context(), nil, append(environ, tt.mode), strings.NewReader(""), io.Discard, io.Discard)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	assert.Equal(t, []string{"AUTH_MODE=open"}, withDefaultAuthMode([]string{"AUTH_MODE=open"}), "AUTH_MODE=open is kept")
}

// A server that accepts unsigned sync requests warns.
func TestInngestDevWarns(t *testing.T) {
	const warning = "accepts unsigned requests"
	dev := startServer(t, map[string]string{"INNGEST_DEV": "http://127.0.0.1:8288"})
	require.Eventually(t, func() bool { return strings.Contains(dev.log.String(), warning) }, time.Minute, 5*time.Millisecond)
	dev.stop()
	signed := startServer(t, nil)
	require.Equal(t, http.StatusOK, signed.get("/api/health", nil))
	signed.stop()
	assert.NotContains(t, signed.log.String(), warning)
}

func TestSyncPrintsItsResult(t *testing.T) {
	beside, err := net.Listen("tcp", "127.0.0.1:0") // as if a server with the same variables ran
	require.NoError(t, err)
	defer beside.Close()
	w, environ := world(t, map[string]string{"METRICS_ADDRESS": beside.Addr().String()})
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"sync"}, environ, strings.NewReader(""), &stdout, w.Log))
	var result map[string]any
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &result), "%s", stdout.Bytes())
	assert.EqualValues(t, len(w.Sandbox.RunningTimers()), result["timers"])
	assert.True(t, w.Redis.Miniredis().Exists("clockwork:timers:all"))
	w.AssertNoSecrets(t, stdout.String())
}

func TestSyncThatFails(t *testing.T) {
	w, environ := world(t, nil)
	w.Refuse("jira")
	var stdout bytes.Buffer
	err := run(t.Context(), []string{"sync"}, environ, strings.NewReader(""), &stdout, w.Log)
	require.ErrorContains(t, err, "sync:")
	assert.Empty(t, stdout.String())
	w.AssertNoSecrets(t, err.Error())
}

func TestFaultyConfiguration(t *testing.T) {
	err := run(t.Context(), nil, []string{"REDIS_URL=http://x", "PORT=x"}, strings.NewReader(""), io.Discard, io.Discard)
	for _, name := range []string{"REDIS_URL", "JIRA_DOMAIN", "ATLASSIAN_EMAIL", "ATLASSIAN_API_TOKEN", "JIRA_TENANT_SESSION_TOKEN", "PORT"} {
		assert.ErrorContains(t, err, name, "all at once")
	}
	assert.NotContains(t, err.Error(), "http://x", "no value")
}

// A value that only the Redis client can check is also reported by its variable's
// name.
func TestConfigurationThatAClientRefuses(t *testing.T) {
	for variable, value := range map[string]string{"REDIS_URL": "redis://host:not-a-port", "UPSTASH_REDIS_REST_TOKEN": "two words"} {
		t.Run(variable, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{Unsynced: true, OverTCP: variable == "REDIS_URL"})
			environ := []string{variable + "=" + value}
			for name, other := range w.Env {
				if name != variable {
					environ = append(environ, name+"="+other)
				}
			}
			err := run(t.Context(), nil, environ, strings.NewReader(""), io.Discard, io.Discard)
			require.ErrorContains(t, err, variable)
			assert.NotContains(t, err.Error(), value)
		})
	}
}

func TestVersion(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"--version"}, nil, strings.NewReader(""), &out, io.Discard))
	assert.Equal(t, "server "+version.Number+"\n", out.String())
}

func TestUsage(t *testing.T) {
	_, environ := world(t, nil)
	assert.ErrorContains(t, run(t.Context(), []string{"start"}, environ, strings.NewReader(""), io.Discard, io.Discard), "usage: server")
}
