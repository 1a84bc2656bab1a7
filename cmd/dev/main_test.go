package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/config"
)

// running is a dev that has shown its start screen.
type running struct {
	base, screen string
	log          *apptest.Log
	end          context.CancelFunc
	done         chan error
}

func (r *running) port() string { return r.base[strings.LastIndex(r.base, ":")+1:] }

var shownBase = regexp.MustCompile(`Clockwork timers: (http://127\.0\.0\.1:\d+)`)

func startDev(t *testing.T, args, environ []string) *running {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	r := &running{log: &apptest.Log{}, end: end, done: make(chan error, 1)}
	stdout := &apptest.Log{}
	go func() { r.done <- run(ctx, args, environ, stdout, r.log) }()
	t.Cleanup(end)
	require.Eventually(t, func() bool { return strings.Contains(stdout.String(), "Ctrl-C") }, time.Minute, 10*time.Millisecond, "the start screen: %s", r.log)
	r.screen = stdout.String()
	found := shownBase.FindStringSubmatch(r.screen)
	require.NotNil(t, found, r.screen)
	r.base = found[1]
	return r
}

// stop ends dev, and asserts that this takes less than the grace period of ten
// seconds.
func (r *running) stop(t *testing.T) {
	t.Helper()
	began := time.Now()
	r.end()
	select {
	case err := <-r.done:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		require.Fail(t, "dev does not end")
	}
	assert.Less(t, time.Since(began), 9*time.Second)
	_, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
	assert.Error(t, err, "the port is free again")
}

func variables(t *testing.T, r *running) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--env", "--port", r.port()}, nil, &out, io.Discard))
	return out.String()
}

func TestStartScreenLinesWork(t *testing.T) {
	dev := startDev(t, []string{"--port", "0"}, []string{"LOG_LEVEL=info"})
	defer dev.stop(t)

	script := "set -eu\n" + variables(t, dev)
	lines := 0
	for line := range strings.SplitSeq(dev.screen, "\n") {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "curl "); ok {
			script += "echo; echo " + strconv.Itoa(lines) + "; curl --fail-with-body -sS " + rest + "\n"
			lines++
		}
	}
	require.GreaterOrEqual(t, lines, 5)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), `"stopped":true`)
	require.Eventually(t, func() bool { return strings.Count(dev.log.String(), `msg="sync done"`) > 1 }, time.Minute, 10*time.Millisecond, "a start requests a sync")
}

func TestVariablesMakeAConfiguration(t *testing.T) {
	dev := startDev(t, []string{"--port", "0"}, []string{"DEFAULT_TIMEZONE=Europe/Berlin", "CLOCKWORK_API_TOKEN=a-real-one-of-the-developers"})
	defer dev.stop(t)
	text := variables(t, dev)
	assert.NotContains(t, text, "a-real-one-of-the-developers", "dev does not use the developer's own credentials")

	// A shell reads the variables as other programs read a .env file.
	out, err := exec.CommandContext(t.Context(), "env", "-i", "sh", "-c", "set -a; "+text+"\nexec env").Output()
	require.NoError(t, err)
	c, err := config.Load(config.Environ(strings.Split(string(out), "\n")))
	require.NoError(t, err)
	assert.Equal(t, "Europe/Berlin", c.DefaultTimezone.String())
	assert.Equal(t, dev.base+"/_sandbox/jira", c.JiraAPIURL())
	assert.Len(t, c.TokenEncryptionKey.Bytes(), 32)
	assert.Equal(t, config.AuthOpen, c.Auth.Mode)
}

func TestNextPortIfOneIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	dev := startDev(t, nil, []string{"PORT=" + strconv.Itoa(port)})
	defer dev.stop(t)
	assert.NotEqual(t, strconv.Itoa(port), dev.port())
	response, err := http.Get(dev.base + "/api/health")
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, 200, response.StatusCode)
}

func TestEndsWithALongPollOpen(t *testing.T) {
	dev := startDev(t, []string{"--port", "0"}, nil)
	first, err := http.Get(dev.base + "/api/timers/active")
	require.NoError(t, err)
	require.NoError(t, first.Body.Close())

	sent := make(chan struct{})
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) }}
	poll, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, dev.base+"/api/timers/active?wait=25", nil)
	require.NoError(t, err)
	poll.Header.Set("If-None-Match", first.Header.Get("ETag"))
	polled := make(chan error, 1)
	go func() {
		response, err := http.DefaultTransport.RoundTrip(poll)
		if err == nil {
			err = response.Body.Close()
		}
		polled <- err
	}()
	<-sent
	for range 50 { // the server has read the poll by the time it has answered all of these
		response, err := http.Get(dev.base + "/api/health")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}
	dev.stop(t)
	assert.NoError(t, <-polled, "the poll got an answer")
}

// If INNGEST_DEV names a server that does not answer, dev syncs by itself.
func TestSyncsItselfIfInngestDoesNotAnswer(t *testing.T) {
	const gone = "http://127.0.0.1:1" // a port that only root could use
	dev := startDev(t, []string{"--port", "0"}, []string{"LOG_LEVEL=info", "INNGEST_DEV=" + gone})
	defer dev.stop(t)
	assert.Contains(t, dev.screen, "by the Inngest dev server at "+gone)
	response, err := http.Post(dev.base+"/api/timers/sync", "application/json", strings.NewReader(`{}`))
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, 202, response.StatusCode)
	assert.Contains(t, dev.log.String(), "the Inngest dev server does not answer, syncing in this process")
	require.Eventually(t, func() bool { return strings.Count(dev.log.String(), `msg="sync done"`) > 1 }, time.Minute, 10*time.Millisecond)
}

func TestEnvWithoutARunningDev(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := strconv.Itoa(free.Addr().(*net.TCPAddr).Port)
	require.NoError(t, free.Close())
	assert.ErrorContains(t, run(t.Context(), []string{"--env", "--port", port}, nil, io.Discard, io.Discard), "start `go run ./cmd/dev` first")
}

func TestWrongVariables(t *testing.T) {
	err := run(t.Context(), []string{"--port", "0"}, []string{"DEFAULT_TIMEZONE=Mars/Olympus", "AUTH_MODE=maybe"}, io.Discard, io.Discard)
	assert.ErrorContains(t, err, "DEFAULT_TIMEZONE")
	assert.ErrorContains(t, err, "AUTH_MODE")
	assert.NotContains(t, err.Error(), "Mars")
}
