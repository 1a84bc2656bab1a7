package e2e

import (
	"context"
	"html"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/lambdaruntime"
	"github.com/clockwork-timer/backend/e2e/upstreams"
	"github.com/clockwork-timer/backend/e2e/vercel"
	"github.com/clockwork-timer/backend/pkg/apptest/requests"
)

// maxFunctions is one less than a free account can deploy.
const maxFunctions = 11

// Functions are read from disk at each cold start. Those of the timers are called
// most; the one for Inngest links its SDK. The limits are in bytes.
const (
	maxTimersSize   = 10 << 20
	maxFunctionSize = 14 << 20
	maxServerSize   = 32 << 20 // with SQLite, OpenTelemetry, Inngest's SDK, the sign-in providers and the web app
)

func TestVercelBuild(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	cli, err := vercel.Install(ctx, "vercel", t.TempDir())
	require.NoError(t, err)
	dir, err := vercel.Tree(ctx, t, root)
	require.NoError(t, err)
	out, err := cli.Build(ctx, dir)
	require.NoError(t, err)

	var built []string
	for _, f := range out.Functions {
		built = append(built, f.Route)
		limit := int64(maxFunctionSize)
		if strings.HasPrefix(f.Route, "/api/timers") {
			limit = maxTimersSize
		}
		assert.LessOrEqual(t, f.Size, limit, "%s: bytes", f.Route)
	}
	assert.Equal(t, slices.Sorted(maps.Values(functionPaths(t))), built, "one function per file under api")
	assert.LessOrEqual(t, len(built), maxFunctions)
	assertWebApp(t, filepath.Join(dir, ".vercel", "output", "static"), out.Static)

	around := upstreams.Start(t)
	world, err := around.World()
	require.NoError(t, err)
	config, err := vercel.ReadConfig(root)
	require.NoError(t, err)
	own := map[string][]requests.Request{}
	for _, r := range asked(world) {
		path, _, _ := strings.Cut(r.Target, "?")
		function := config.Function(path, built)
		own[function] = append(own[function], r)
	}
	for _, f := range out.Functions {
		t.Run(strings.ReplaceAll(strings.TrimPrefix(f.Route, "/api/"), "/", "-"), func(t *testing.T) {
			testFunction(t, f, around.Env, own[f.Route])
		})
	}
}

// served are the types of files that browsers and clients use.
var served = []string{".css", ".html", ".ico", ".js", ".json", ".svg", ".txt", ".webmanifest", ".woff2", ".yaml"}

// assertWebApp asserts that only the web app and the API's documents are served as
// files, and that each page has a Content-Security-Policy.
func assertWebApp(t *testing.T, dir string, static []string) {
	t.Helper()
	for _, name := range []string{"index.html", "team.html", "404.html", "openapi.yaml", "reference.html"} {
		assert.Contains(t, static, name)
	}
	for _, name := range static {
		if name != ".gitignore" {
			assert.Contains(t, served, path.Ext(name), "%s is served", name)
		}
		if path.Ext(name) == ".html" {
			page, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			policy := `<meta http-equiv="Content-Security-Policy" content="default-src 'none'`
			assert.True(t, strings.Contains(html.UnescapeString(string(page)), policy), "%s has no policy", name)
		}
	}
}

// testFunction sends a built function its requests. After a rewrite, a function sees
// the path that the client sent.
func testFunction(t *testing.T, f vercel.Function, env []string, own []requests.Request) {
	t.Helper()
	// No server listens on this port, so events fail at once.
	fn, err := lambdaruntime.Start(f.Bootstrap, append([]string{"INNGEST_DEV=http://127.0.0.1:9", "GODEBUG=inittrace=1"}, env...))
	require.NoError(t, err)
	stop := sync.OnceValue(fn.Stop)
	defer func() {
		assert.NoError(t, stop())
		if t.Failed() {
			t.Log(fn.Output())
		}
	}()
	client := &http.Client{Transport: fn, Timeout: 30 * time.Second}
	assert.NotEmpty(t, own, "package requests has no request for this function")
	for _, r := range own {
		assertAnswer(t, client, "http://e2e.test", r)
	}
	require.NoError(t, stop()) // all that it printed has arrived then
	assertQuickStart(t, fn.Output())
}

var initTrace = regexp.MustCompile(`init (\S+) @.* ms clock, (\d+) bytes`)

// assertQuickStart limits what each package allocates before main. Unlike time, this
// does not depend on the machine's load. The regular expressions of one package once
// took 10 MB and 23 ms.
func assertQuickStart(t *testing.T, output string) {
	t.Helper()
	packages := initTrace.FindAllStringSubmatch(output, -1)
	assert.NotEmpty(t, packages)
	for _, p := range packages {
		size, err := strconv.Atoi(p[2])
		require.NoError(t, err)
		assert.Less(t, size, 128<<10, "bytes that %s allocates at its start", p[1])
	}
}
