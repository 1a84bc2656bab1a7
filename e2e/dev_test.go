package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/sandbox/freeport"
)

// dev is a running cmd/dev.
type dev struct {
	URL string
	Env map[string]string // what "cmd/dev --env" prints
}

// freePort returns a port as text.
func freePort(t *testing.T) string {
	t.Helper()
	ports, err := freeport.Find(1)
	require.NoError(t, err)
	return strconv.Itoa(ports[0])
}

// startDev starts cmd/dev on the port with more variables, and waits for its start
// screen, which comes after the first sync. It is built with the race detector: a
// race ends the program, and with it the test.
func startDev(t *testing.T, port string, env ...string) *dev {
	t.Helper()
	bin, err := process.Build(t.Context(), root, "./cmd/dev", true)
	require.NoError(t, err)
	p := process.StartT(t, process.Command{
		Path: bin, Args: []string{"--port", port}, Dir: t.TempDir(), Env: append([]string{"GORACE=halt_on_error=1"}, env...),
	})
	d := &dev{URL: "http://127.0.0.1:" + port, Env: map[string]string{}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, p.Answers(ctx, d.URL+"/api/health"))
	require.NoError(t, process.Until(ctx, "the start screen", func(context.Context) error {
		if strings.Contains(p.Output(), "Ctrl-C") {
			return nil
		}
		return fmt.Errorf("so far it printed %q", p.Output())
	}))

	printed, err := process.Run(ctx, process.Command{Path: bin, Args: []string{"--env", "--port", port}})
	require.NoError(t, err)
	for line := range strings.Lines(printed) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		require.True(t, ok, "line of --env: %s", line)
		d.Env[name] = strings.Trim(value, "'")
	}
	return d
}

// call does what process.JSON does. A GET that fails is repeated.
func (d *dev) call(t *testing.T, method, url string, header http.Header, body, out any) {
	t.Helper()
	ask := func() error { return process.JSON(t.Context(), method, url, header, body, out) }
	if method == http.MethodGet {
		require.NoError(t, process.RetryTwice(ask))
	} else {
		require.NoError(t, ask())
	}
}

// control calls the sandbox's control handler.
func (d *dev) control(t *testing.T, method, path string, body, out any) {
	t.Helper()
	d.call(t, method, d.URL+"/_sandbox/control"+path, nil, body, out)
}

// redis runs a command through the stand-in for Upstash.
func (d *dev) redis(t *testing.T, command ...any) any {
	t.Helper()
	var reply struct{ Result any }
	header := http.Header{"Authorization": {"Bearer " + d.Env["UPSTASH_REDIS_REST_TOKEN"]}}
	d.call(t, http.MethodPost, d.Env["UPSTASH_REDIS_REST_URL"], header, command, &reply)
	return reply.Result
}
