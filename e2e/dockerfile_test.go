package e2e

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/e2e/upstreams"
	"github.com/clockwork-timer/backend/e2e/vercel"
)

// dockerBuild is the Dockerfile's line that builds the server.
var dockerBuild = regexp.MustCompile(`(?m)^RUN (CGO_ENABLED=0 go build .* -o )/out/server( \./cmd/server)$`)

// Base images are named by digest, because others can change what a tag names.
func TestDockerfileBases(t *testing.T) {
	bases := regexp.MustCompile(`(?m)^FROM (.*)$`).FindAllStringSubmatch(read(t, "Dockerfile"), -1)
	require.NotEmpty(t, bases)
	for _, base := range bases {
		assert.Regexp(t, `^(scratch|[a-z]+:[0-9a-z.-]+@sha256:[0-9a-f]{64} AS [a-z]+)$`, base[1])
	}
}

// Tests run without a container engine. So this test does the image's steps that need
// none: it builds the server with the Dockerfile's own command from the files that
// .dockerignore includes, starts it, and runs its health check.
func TestDockerfile(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	file, goMod := read(t, "Dockerfile"), read(t, "go.mod")
	toolchain := regexp.MustCompile(`(?m)^toolchain go(\S+)$`).FindStringSubmatch(goMod)
	require.NotNil(t, toolchain)
	assert.Contains(t, file, "FROM golang:"+toolchain[1]+"@sha256:", "the Go that go.mod names")
	var deployed struct{ InstallCommand, BuildCommand string }
	require.NoError(t, json.Unmarshal([]byte(read(t, "vercel.json")), &deployed))
	assert.Contains(t, file, "\nRUN "+deployed.InstallCommand+" && "+deployed.BuildCommand+"\n", "the web app as TestVercelBuild builds it")
	command := dockerBuild.FindStringSubmatch(file)
	require.NotNil(t, command, "a line like %s", dockerBuild)

	bin := filepath.Join(t.TempDir(), "server")
	_, err := process.Run(ctx, process.Command{Path: "sh", Args: []string{"-c", command[1] + bin + command[2]}, Dir: dockerContext(ctx, t)})
	require.NoError(t, err)

	port := "PORT=" + freePort(t)
	own := regexp.MustCompile(`(?m)^ENV (\S+)$`).FindStringSubmatch(file)
	require.NotNil(t, own, "what the image itself sets")
	env := append(upstreams.Start(t).Env, port, own[1])
	undecided := slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, "JWT_SECRET=") })
	for _, env := range [][]string{undecided, append(undecided, "AUTH_MODE=")} { // the second as in an env file
		_, err = process.Run(ctx, process.Command{Path: bin, Dir: t.TempDir(), Env: env, BareEnv: true})
		require.ErrorContains(t, err, "JWT_SECRET", "AUTH_MODE is not set")
	}
	server := process.StartT(t, process.Command{Path: bin, Dir: t.TempDir(), Env: env, BareEnv: true})
	require.NoError(t, server.Answers(ctx, "http://127.0.0.1:"+strings.TrimPrefix(port, "PORT=")+"/api/health"))
	check := process.Command{Path: bin, Args: []string{"healthcheck"}, Env: env, BareEnv: true}
	require.NoError(t, process.RetryTwice(func() error { // as often as a container engine does
		_, err := process.Run(ctx, check)
		return err
	}))
	require.NoError(t, server.Stop())
	_, err = process.Run(ctx, check)
	assert.Error(t, err, "a server that has ended")
}

// dockerContext returns a copy of the tree with what .dockerignore includes. It
// understands the rules "*" and "!name", which must be the only ones that matter at
// the top.
func dockerContext(ctx context.Context, t *testing.T) string {
	t.Helper()
	rules := strings.Split(read(t, ".dockerignore"), "\n")
	require.Contains(t, rules, "*", "the rules include only what they name")
	dir, err := vercel.Tree(ctx, t, root)
	require.NoError(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if !slices.Contains(rules, "!"+e.Name()) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return dir
}

// read reads a file of the tree.
func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return string(b)
}
