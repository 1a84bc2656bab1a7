// Package browser_test uses the web app and the desktop app's page as people do: in
// Chromium, with cmd/server, and with several screens of one person. It needs node,
// npm and Debian's chromium. It leaves screenshots in screenshots/. The words of
// BROWSER_TESTS are passed to Playwright: BROWSER_TESTS="week habits" runs only the
// tests in files of these names.
package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/e2e/upstreams"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/freeport"
)

const (
	root    = "../.."
	clients = root + "/clients"
	// patience is how long building the apps and all tests may take on a slow
	// machine.
	patience = 30 * time.Minute
)

// settings is what world/settings.ts reads.
type settings struct {
	Chromium string            `json:"chromium"`
	Server   string            `json:"server"`
	Env      map[string]string `json:"env"`
	Control  string            `json:"control"`
	Password string            `json:"password"`
	People   map[string]person `json:"people"`
	Renderer string            `json:"renderer"`
	Origin   string            `json:"desktopOrigin"`
}

type person struct {
	Username       string `json:"username"`
	AccountID      string `json:"accountId"`
	ClockworkToken string `json:"clockworkToken"`
}

func TestBrowser(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	chromium, err := process.Chromium()
	require.NoError(t, err)
	require.NoError(t, process.NPM(ctx, clients))
	require.NoError(t, process.NPM(ctx, "."))
	npm(t, ctx, ".", "run", "check")
	buildWebApp(t, ctx)

	up := upstreams.Start(t)
	logWinter(t, up.Sandbox)
	control := httptest.NewServer(up.Sandbox.Control())
	defer control.Close()
	ports, err := freeport.Find(1)
	require.NoError(t, err)
	server, err := process.Build(ctx, root, "./cmd/server", true) // has the web app built in
	require.NoError(t, err)
	s := settings{
		Chromium: chromium, Server: server, Env: map[string]string{},
		Control: control.URL, Password: upstreams.Password, People: map[string]person{}, Renderer: clients + "/desktop/dist/renderer",
		Origin: fmt.Sprintf("http://127.0.0.1:%d", ports[0]),
	}
	for _, variable := range append(up.Env, "AUTH_MODE=required", "DATABASE_URL=sqlite://"+filepath.Join(t.TempDir(), "timers.db"), "GORACE=halt_on_error=1", "TZ=UTC", "CORS_ALLOWED_ORIGINS="+s.Origin) {
		name, value, _ := strings.Cut(variable, "=")
		s.Env[name] = value
	}
	for _, p := range up.Sandbox.People() {
		name := upstreams.Username(p)
		s.People[name] = person{name, p.AccountID, up.Sandbox.ClockworkToken(p.AccountID).Reveal()}
	}
	world := filepath.Join(t.TempDir(), "world.json")
	encoded, err := json.Marshal(s)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(world, encoded, 0o600))
	t.Log(run(t, ctx, process.Command{Path: "npx", Args: append([]string{"playwright", "test"}, strings.Fields(os.Getenv("BROWSER_TESTS"))...), Env: []string{"CLOCKWORK_WORLD=" + world, "FORCE_COLOR=0"}}))
}

// logWinter logs time of four people from October to April, so that there are
// worklogs around midnight in every time zone.
func logWinter(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	issues := []string{"OPS-64", "BILL-209", "PORTAL-301"}
	for _, p := range s.People()[8:12] {
		n := 0
		for at := time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC); at.Before(time.Date(2026, 4, 15, 0, 0, 0, 0, time.UTC)); at = at.Add(7*time.Hour + 13*time.Minute) {
			n++
			require.NoError(t, s.LogTime(p.AccountID, issues[n%len(issues)], at, time.Duration(1+n%97)*time.Minute))
			hour := at.Truncate(time.Hour)
			require.NoError(t, s.LogTime(p.AccountID, issues[n%len(issues)], hour.Add(-time.Second), time.Minute))
			require.NoError(t, s.LogTime(p.AccountID, issues[n%len(issues)], hour, time.Minute))
		}
	}
}

// buildWebApp builds the web app. It holds the lock for builds, because other tests build
// programs that contain the folder which it replaces.
func buildWebApp(t *testing.T, ctx context.Context) {
	t.Helper()
	unlock, err := process.LockBuilds(root)
	require.NoError(t, err)
	defer unlock()
	npm(t, ctx, clients, "run", "build")
}

func npm(t *testing.T, ctx context.Context, dir string, args ...string) {
	t.Helper()
	run(t, ctx, process.Command{Path: "npm", Args: args, Dir: dir, Env: []string{
		"ELECTRON_SKIP_BINARY_DOWNLOAD=1", "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1", "NEXT_TELEMETRY_DISABLED=1",
	}})
}

func run(t *testing.T, ctx context.Context, c process.Command) string {
	t.Helper()
	output, err := process.Run(ctx, c)
	require.NoError(t, err)
	return output
}
