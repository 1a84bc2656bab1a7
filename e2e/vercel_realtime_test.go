package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/e2e/upstreams"
	"github.com/clockwork-timer/backend/e2e/vercel"
	"github.com/clockwork-timer/backend/pkg/apptest/requests"
)

// realtimeProject has the settings with which cmd/server is deployed.
const realtimeProject = "vercel.realtime.json"

// noInngest is a port on which no server listens, so events fail at once.
const noInngest = "INNGEST_DEV=http://127.0.0.1:9"

// realtimeTree returns a copy of the tree, and a CLI with cmd/server's settings.
func realtimeTree(ctx context.Context, t *testing.T) (vercel.CLI, string) {
	t.Helper()
	cli, err := vercel.Install(ctx, "vercel", t.TempDir())
	require.NoError(t, err)
	dir, err := vercel.Tree(ctx, t, root)
	require.NoError(t, err)
	return cli.For(realtimeProject), dir
}

// One program is deployed, with the web app built in. It must run without writing any
// file.
func TestVercelRealtimeBuild(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	cli, dir := realtimeTree(ctx, t)
	out, err := cli.Build(ctx, dir)
	require.NoError(t, err)
	require.Len(t, out.Functions, 1)
	assertOnlyProgram(t, filepath.Join(dir, ".vercel", "output", "config.json"))
	assert.LessOrEqual(t, out.Functions[0].Size, int64(maxServerSize), "bytes")

	around, port := upstreams.Start(t), freePort(t)
	server := process.StartT(t, process.Command{
		Path: filepath.Join(out.Functions[0].Dir, "user-server"), Dir: "/proc",
		Env: append(around.Env, noInngest, "PORT="+port, "DATABASE_URL=redis"),
	})
	base := "http://127.0.0.1:" + port
	require.NoError(t, server.Answers(ctx, base+"/api/health"))
	assert.Contains(t, getPage(t, base+"/"), "/_next/static/", "the web app")
	checkRealtime(ctx, t, around, base)
}

// assertOnlyProgram asserts that the program answers every request of a deployment.
// If the CLI finds a server in Go, it also deploys everything below public as files,
// whatever outputDirectory says. No route may lead to them.
func assertOnlyProgram(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	var config struct {
		Routes []struct {
			Src, Dest string
			Continue  bool
		}
	}
	require.NoError(t, json.Unmarshal(b, &config))
	require.NotEmpty(t, config.Routes)
	assert.Equal(t, "^/(.*)$", config.Routes[0].Src)
	assert.Equal(t, "/go", config.Routes[0].Dest)
	assert.False(t, config.Routes[0].Continue)
}

func getPage(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, resp.StatusCode, url)
	return string(body)
}

// The same under "vercel dev", which compiles the server once and is then a proxy
// before it.
func TestVercelRealtimeDev(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	cli, dir := realtimeTree(ctx, t)
	around, site := upstreams.Start(t), vercel.NewSite(t)
	env := map[string]string{}
	for _, line := range around.Env {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	writeEnv(t, dir, env, noInngest)
	cli.DevT(t, dir, site)
	assert.Contains(t, getPage(t, site.URL+"/"), "built-in page", "the page without a build of the web app")
	for _, path := range []string{"/go.mod", "/cmd/server/main.go", "/public.go", "/reference/main.go", "/vercel.json", "/.env"} {
		resp, err := http.Get(site.URL + path)
		require.NoError(t, err)
		assert.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusNotFound, resp.StatusCode, path)
	}
	checkRealtime(ctx, t, around, site.URL)
}

// checkRealtime sends all requests. Then one screen of a person starts a timer, and
// both screens must show it.
func checkRealtime(ctx context.Context, t *testing.T, around *upstreams.Upstreams, base string) {
	t.Helper()
	world, err := around.World()
	require.NoError(t, err)
	client := &http.Client{Timeout: time.Minute}
	for _, r := range asked(world) {
		assertAnswer(t, client, base, r)
	}
	token := logIn(ctx, t, base, world)
	laptop, desk := connect(ctx, t, base, token), connect(ctx, t, base, token)
	require.NoError(t, wsjson.Write(ctx, laptop, map[string]string{
		"action": "timer_start", "id": "e2e", "user_id": world.AccountID, "started_at": time.Now().UTC().Format(time.RFC3339),
	}))
	for name, screen := range map[string]*websocket.Conn{"laptop": laptop, "desk": desk} {
		var got event
		for got.Payload.ID != "e2e" { // the requests above started another timer, in Clockwork
			got = event{}
			require.NoError(t, wsjson.Read(ctx, screen, &got), name)
			require.Equal(t, "timer_updated", got.Event, name)
		}
		assert.Equal(t, "running", got.Payload.Status, name)
	}
	assert.True(t, around.Redis.Miniredis().Exists("clockwork:realtime:timers:"+world.AccountID), "%s configures Redis as the store", realtimeProject)
}

// event is a realtime event.
type event struct {
	Event   string
	Payload struct{ ID, Status string }
}

// logIn logs in and returns the access token.
func logIn(ctx context.Context, t *testing.T, base string, world requests.World) string {
	t.Helper()
	var out struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, process.JSON(ctx, http.MethodPost, base+"/login", nil, map[string]string{"username": world.Username, "password": world.Password}, &out))
	require.NotEmpty(t, out.AccessToken)
	return out.AccessToken
}

// connect opens a WebSocket and reads the state, which is sent first.
func connect(ctx context.Context, t *testing.T, base, token string) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.Dial(ctx, base+"/ws", &websocket.DialOptions{Subprotocols: []string{"bearer", token}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = ws.CloseNow() })
	var first event
	require.NoError(t, wsjson.Read(ctx, ws, &first))
	require.Equal(t, "state", first.Event)
	return ws
}
