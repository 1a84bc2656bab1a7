package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/routes"
)

// vercelConfig is the part of vercel.json that the tests look at.
type vercelConfig struct {
	Framework       *string
	BuildCommand    string
	OutputDirectory string
	Rewrites        []struct{ Source, Destination string }
	Functions       map[string]struct{ MaxDuration int }
}

func readVercelConfig(t *testing.T) (c vercelConfig, has map[string]json.RawMessage) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "vercel.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &c))
	require.NoError(t, json.Unmarshal(b, &has))
	return c, has
}

// The routes on Vercel, which are files and rewrites, and those of our own
// servers are the same.
func TestRoutes(t *testing.T) {
	config, _ := readVercelConfig(t)
	onVercel := functionRoutes(t)
	for _, rewrite := range config.Rewrites {
		function, _, _ := strings.Cut(rewrite.Destination, "?")
		i := slices.Index(onVercel, function)
		if !assert.NotEqual(t, -1, i, "rewrite to %s: no such function", function) {
			continue
		}
		if strings.Contains(rewrite.Source, ":") {
			onVercel[i] = rewrite.Source // the function alone lacks its parameter
		} else {
			onVercel = append(onVercel, rewrite.Source) // one more name
		}
	}
	slices.Sort(onVercel)

	var onServer []string
	for _, r := range routes.All() {
		onServer = append(onServer, strings.NewReplacer("{", ":", "}", "").Replace(r.Path))
	}
	slices.Sort(onServer)
	assert.Equal(t, onVercel, onServer, "routes on Vercel, routes of cmd/server")
}

func TestVercelConfig(t *testing.T) {
	config, has := readVercelConfig(t)
	assert.Equal(t, "null", string(has["framework"]), "else a deployment takes cmd/server for the site and builds no function")
	assert.Equal(t, "public/app", config.OutputDirectory, "else the source is served to everyone")
	_, script, _ := strings.Cut(config.BuildCommand, "node ")
	assert.FileExists(t, filepath.Join(root, script), "what fills it")
	assert.Equal(t, 30, config.Functions["api/**/*.go"].MaxDuration, "seconds; a request has 25 by itself")
}
