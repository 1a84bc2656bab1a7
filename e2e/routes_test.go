package e2e

import (
	"go/ast"
	"maps"
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
	"github.com/clockwork-timer/backend/e2e/vercel"
)

// Vercel calls the function that has the route's handler.
func TestRoutes(t *testing.T) {
	config, err := vercel.ReadConfig(root)
	require.NoError(t, err)
	functions := functionPaths(t)
	paths := slices.Collect(maps.Values(functions))
	for _, route := range routes.All() {
		handler := runtime.FuncForPC(reflect.ValueOf(route.Handler).Pointer()).Name()
		want := functions[strings.TrimPrefix(handler, module+"/")]
		assert.Equal(t, want, config.Function(regexp.MustCompile(`\{\w+\}`).ReplaceAllString(route.Path, "ABC-7"), paths), route.Path)
	}
	for _, rewrite := range config.Rewrites {
		assert.Contains(t, paths, rewrite.Destination, "no such function")
	}
}

// functionPaths returns the functions' paths by handler, such as
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
	config, err := vercel.ReadConfig(root)
	require.NoError(t, err)
	assert.Equal(t, "null", string(config.Framework), "without it a deployment builds cmd/server and no function")
	assert.Equal(t, "public/app", config.OutputDirectory, "without it the source code is served to everybody")
	_, script, _ := strings.Cut(config.BuildCommand, "node ")
	assert.FileExists(t, filepath.Join(root, script), "the script that fills outputDirectory")
	assert.Equal(t, 30, config.Functions["api/**/*.go"].MaxDuration, "seconds; the server itself allows a request 25")
}
