package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/inngestdev"
	"github.com/clockwork-timer/backend/e2e/vercel"
	"github.com/clockwork-timer/backend/pkg/apptest/requests"
)

// TestVercelDev runs the functions under "vercel dev", which compiles one for each
// request, with the upstreams of cmd/dev. The real Inngest dev server runs the sync
// there.
func TestVercelDev(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	cli, err := vercel.Install(ctx, "vercel", t.TempDir())
	require.NoError(t, err)
	dir, err := vercel.Tree(ctx, t, root)
	require.NoError(t, err)

	d := startDev(t, freePort(t))
	site := vercel.NewSite(t)
	server := startInngest(t, "") // without polling, because each poll would start a compiler
	writeEnv(t, dir, d.Env, "INNGEST_DEV="+server.URL)
	cli.DevT(t, dir, site)

	client := &http.Client{Timeout: 5 * time.Minute} // the first request compiles all packages
	for _, r := range asked(worldOf(t, d)) {
		if !strings.HasPrefix(r.Route, "/api/auth/") { // all have the same rewrite, and each request takes half a minute
			assertAnswer(t, client, site.URL, r)
		}
	}
	t.Run("pages", func(t *testing.T) {
		for path, want := range map[string]int{
			"/": 200, "/reference": 200, "/openapi.yaml": 200,
			"/go.mod": 404, "/pkg/app/deps.go": 404, "/public.go": 404, "/vercel.json": 404, "/.env": 404,
		} {
			resp, err := client.Get(site.URL + path)
			require.NoError(t, err)
			assert.NoError(t, resp.Body.Close())
			assert.Equal(t, want, resp.StatusCode, path)
			assert.True(t, want == 404 || resp.Header.Get("X-Content-Type-Options") == "nosniff", path)
		}
	})
	t.Run("inngest-run", func(t *testing.T) {
		d.call(t, http.MethodPut, site.URL+"/api/inngest", nil, nil, nil)
		_, err := server.AwaitApp(ctx)
		require.NoError(t, err)
		event, err := server.Send(ctx, syncEvent, map[string]any{})
		require.NoError(t, err)
		run, err := server.Await(ctx, event, "to end", inngestdev.Run.Ended)
		require.NoError(t, err)
		assert.Equal(t, "COMPLETED", run.Status, "output %s", run.Output)
		assert.Equal(t, []string{acquire, fetch, write}, stepNames(run))
	})
}

// writeEnv writes .env as a developer would with "cmd/dev --env". With --local the
// CLI does not read .env.local.
func writeEnv(t *testing.T, dir string, env map[string]string, more ...string) {
	t.Helper()
	lines := more
	for _, name := range slices.Sorted(maps.Keys(env)) {
		lines = append(lines, fmt.Sprintf("%s='%s'", name, env[name]))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

// worldOf returns the data for requests to a cmd/dev. Emily has no timer running.
func worldOf(t *testing.T, d *dev) requests.World {
	t.Helper()
	var people struct {
		People []struct{ AccountID, Email string }
	}
	d.control(t, http.MethodGet, "/people", nil, &people)
	var credentials struct{ ClockworkTokens map[string]string }
	d.control(t, http.MethodGet, "/credentials", nil, &credentials)
	emily := people.People[5]
	login := map[string]string{"username": "emily", "password": "clockwork"}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	d.call(t, http.MethodPost, d.URL+"/login", nil, login, &token)
	return requests.World{
		AccountID:      emily.AccountID,
		Email:          emily.Email,
		ClockworkToken: credentials.ClockworkTokens[emily.AccountID],
		IssueKey:       "BILL-209",
		Username:       login["username"],
		Password:       login["password"],
		Bearer:         token.AccessToken,
		Inngest:        true,
	}
}
