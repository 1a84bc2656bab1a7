package e2e

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// layers are the packages from the top down. A package may import packages of the
// layers below its own and, if inner is set, of its own layer.
var layers = []struct {
	name     string
	packages []string // a folder stands for everything below it
	inner    bool     // its packages may import each other
}{
	{name: "programs", packages: []string{"cmd"}, inner: true},
	{name: "pages", packages: []string{"public"}, inner: true},
	{name: "routes", packages: []string{"api"}},
	{name: "background", packages: []string{"inngest"}},
	{name: "account and timesheets", packages: []string{"pkg/account", "pkg/timesheet"}},
	{name: "requests", packages: []string{"pkg/httpapi"}},
	{name: "assembly", packages: []string{"pkg/app"}},
	{name: "diagnosis", packages: []string{"pkg/doctor"}},
	{name: "health", packages: []string{"pkg/health"}},
	{name: "realtime server", packages: []string{"pkg/realtime/server"}},
	{name: "realtime transport", packages: []string{"pkg/realtime/transport"}},
	{name: "realtime bridge", packages: []string{"pkg/realtime/bridge"}},
	{name: "realtime writes", packages: []string{"pkg/realtime/writes"}},
	{name: "realtime team", packages: []string{"pkg/realtime/teamroom"}},
	{name: "realtime fanout", packages: []string{"pkg/realtime/fanout"}},
	{name: "realtime stores and tasks", packages: []string{"pkg/realtime/redisstore", "pkg/realtime/sqlitestore", "pkg/realtime/storetest", "pkg/realtime/tasks"}},
	{name: "realtime", packages: []string{"pkg/realtime"}},
	{name: "edge", packages: []string{"pkg/auth", "pkg/config", "pkg/signin", "pkg/web"}, inner: true},
	{name: "services", inner: true, packages: []string{
		"pkg/idempotency", "pkg/jiracache", "pkg/ratelimit", "pkg/settings", "pkg/syncloop", "pkg/team", "pkg/timercache", "pkg/timercontrol", "pkg/timersource", "pkg/timersync", "pkg/worklog",
	}},
	{name: "clients", packages: []string{"pkg/clockwork", "pkg/inngestapi", "pkg/jira", "pkg/redis"}},
	{name: "transport", packages: []string{"pkg/internal"}, inner: true},
	{name: "telemetry", packages: []string{"pkg/telemetry"}, inner: true},
	{name: "errors of upstreams", packages: []string{"pkg/upstream"}},
	{name: "domain", packages: []string{"pkg/secret", "pkg/timer"}},
	{name: "language", packages: []string{"pkg/panics", "pkg/version"}},
}

// layerOf returns the index in layers, or -1.
func layerOf(pkg string) int {
	for i, l := range layers {
		for _, p := range l.packages {
			if pkg == p || strings.HasPrefix(pkg, p+"/") {
				return i
			}
		}
	}
	return -1
}

// testWorld may be imported by tests only.
const testWorld = "pkg/apptest"

func TestImportDirection(t *testing.T) {
	for _, f := range goFiles(t, ".") {
		if f.test || within(f.dir, "e2e") || within(f.dir, "bench") || within(f.dir, testWorld) || within(f.dir, "clients") {
			continue // tests may import anything
		}
		for _, spec := range f.ast.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			assert.NoError(t, err)
			if to, own := strings.CutPrefix(imported, module+"/"); own {
				checkImport(t, f, to)
			}
		}
	}
}

func checkImport(t *testing.T, f goFile, to string) {
	t.Helper()
	const sandbox = "sandbox"
	switch {
	case within(to, "e2e"), within(to, "bench"), within(to, testWorld):
		assert.Fail(t, "the product imports its tests", "%s imports %s", f.path, to)
		return
	case within(to, sandbox):
		assert.True(t, within(f.dir, sandbox) || within(f.dir, "cmd/dev"),
			"%s imports %s: only cmd/dev and tests may use stand-ins", f.path, to)
		return
	case within(f.dir, sandbox):
		assert.Equal(t, "domain", layers[max(0, layerOf(to))].name,
			"%s imports %s: a stand-in that shares code with the client would share its mistakes", f.path, to)
		return
	}
	from, target := layerOf(f.dir), layerOf(to)
	if !assert.NotEqual(t, -1, from, "%s is in no layer: add it to one", f.dir) ||
		!assert.NotEqual(t, -1, target, "%s is in no layer: add it to one", to) {
		return
	}
	if from == target {
		assert.True(t, layers[from].inner || within(f.dir, to) || within(to, f.dir),
			"%s imports %s: packages of the layer %q must not import each other", f.path, to, layers[from].name)
		return
	}
	assert.Less(t, from, target, "%s imports %s: %q is above %q", f.path, to, layers[target].name, layers[from].name)
}

// within reports whether pkg is folder or is below it.
func within(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }
