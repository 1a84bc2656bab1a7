package e2e

import (
	"encoding/json"
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
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
	Functions       map[string]struct{ MaxDuration, Memory int }
}

func readVercelConfig(t *testing.T) (c vercelConfig, has map[string]json.RawMessage) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "vercel.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &c))
	require.NoError(t, json.Unmarshal(b, &has))
	return c, has
}

// Vercel leads each route to the function that has the route's handler.
func TestRoutes(t *testing.T) {
	config, _ := readVercelConfig(t)
	functions := functionPaths(t)
	for _, route := range routes.All() {
		handler := runtime.FuncForPC(reflect.ValueOf(route.Handler).Pointer()).Name()
		want := functions[strings.TrimPrefix(handler, module+"/")]
		assert.Equal(t, want, config.function(regexp.MustCompile(`\{\w+\}`).ReplaceAllString(route.Path, "ABC-7"), functions), route.Path)
	}
	for _, rewrite := range config.Rewrites {
		assert.Contains(t, slices.Collect(maps.Values(functions)), rewrite.Destination, "no such function")
	}
}

// function is the path of the function that Vercel calls for a request: a file
// has precedence over a rewrite.
func (c vercelConfig) function(path string, functions map[string]string) string {
	for _, function := range functions {
		if function == path {
			return function
		}
	}
	for _, rewrite := range c.Rewrites {
		pattern := strings.ReplaceAll(rewrite.Source, "/:path*", "(/.*)?")
		if regexp.MustCompile("^" + pattern + "$").MatchString(path) {
			return rewrite.Destination
		}
	}
	return ""
}

// functionPaths are the paths of the functions by their handlers, such as
// "api/timers.HandleStart".
func functionPaths(t *testing.T) map[string]string {
	t.Helper()
	paths := map[string]string{}
	for _, f := range handlers(t) {
		for _, decl := range f.ast.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Name.IsExported() {
				paths[f.dir+"."+fn.Name.Name] = "/" + strings.TrimSuffix(strings.TrimSuffix(f.path, ".go"), "/index")
			}
		}
	}
	return paths
}

func TestVercelConfig(t *testing.T) {
	config, has := readVercelConfig(t)
	assert.Equal(t, "null", string(has["framework"]), "else a deployment takes cmd/server for the site and builds no function")
	assert.Equal(t, "public/app", config.OutputDirectory, "else the source is served to everyone")
	_, script, _ := strings.Cut(config.BuildCommand, "node ")
	assert.FileExists(t, filepath.Join(root, script), "what fills it")
	assert.Equal(t, 30, config.Functions["api/**/*.go"].MaxDuration, "seconds; a request has 25 by itself")
}
