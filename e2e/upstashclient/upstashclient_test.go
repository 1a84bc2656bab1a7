// Package upstashclient_test runs the official @upstash/redis npm client against the
// stand-in for the Upstash REST API, with miniredis and with a real redis-server. The
// stand-in, with which pkg/redis/upstash is tested, must work with the vendor's own
// client too. It needs node, npm and redis-server.
package upstashclient_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

const token = "e2e-token"

func TestOfficialClient(t *testing.T) {
	require.NoError(t, process.NPM(t.Context(), "."))
	for name, addr := range map[string]func() string{
		"miniredis":    func() string { return "" },
		"redis-server": func() string { return redisserver.Start(t) },
	} {
		t.Run(name, func(t *testing.T) {
			standIn, err := upstashrest.New(upstashrest.Options{Addr: addr(), Token: secret.New(token)})
			require.NoError(t, err)
			defer standIn.Close()
			server := httptest.NewServer(standIn)
			defer server.Close()

			cmd := exec.CommandContext(t.Context(), "node", "conformance.mjs")
			cmd.Env = append(os.Environ(), "UPSTASH_REDIS_REST_URL="+server.URL, "UPSTASH_REDIS_REST_TOKEN="+token)
			output, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", output)
			assert.Equal(t, len(checks(t)), strings.Count(string(output), "ok "), "checks that ran:\n%s", output)
			used, err := standIn.Usage(t.Context())
			require.NoError(t, err)
			assert.Greater(t, used.RoundTrips, int64(100))
			t.Logf("%d checks; %d requests, %d commands", len(checks(t)), used.RoundTrips, used.Commands)
		})
	}
}

// checks lists the checks in the script, so that none can be skipped.
func checks(t *testing.T) []string {
	t.Helper()
	script, err := os.ReadFile("conformance.mjs")
	require.NoError(t, err)
	var names []string
	for line := range strings.Lines(string(script)) {
		if name, ok := strings.CutPrefix(line, `  async "`); ok {
			names = append(names, strings.TrimSuffix(name, "\"() {\n"))
		}
	}
	require.NotEmpty(t, names)
	return names
}
