package e2e

import (
	"go/ast"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// contained lists the folders in which a panic in a goroutine must not end the
// process.
var contained = []string{"cmd/dev", "cmd/listen", "cmd/live", "cmd/observe", "cmd/server", "inngest", "pkg/app", "pkg/auth", "pkg/doctor", "pkg/health", "pkg/httpapi", "pkg/internal",
	"pkg/jira", "pkg/realtime", "pkg/redis", "pkg/telemetry", "pkg/timercache", "pkg/timercontrol", "pkg/timersource", "pkg/timersync"}

// A function that starts a goroutine must use package panics.
func TestPanicsAreContained(t *testing.T) {
	for _, f := range goFiles(t, ".") {
		if f.test || !slices.ContainsFunc(contained, func(dir string) bool { return within(f.dir, dir) }) || within(f.dir, "pkg/realtime/storetest") {
			continue
		}
		for _, declared := range f.ast.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if ok && startsGoroutine(function) {
				assert.True(t, namesPanics(function), "%s: a goroutine without package panics", f.fset.Position(function.Pos()))
			}
		}
	}
}

func startsGoroutine(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = true
		case *ast.CallExpr:
			method, ok := n.Fun.(*ast.SelectorExpr)
			found = found || ok && method.Sel.Name == "Go" && len(n.Args) == 1
		}
		return !found
	})
	return found
}

func namesPanics(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if name, ok := n.(*ast.SelectorExpr); ok {
			pkg, ok := name.X.(*ast.Ident)
			found = found || ok && pkg.Name == "panics"
		}
		return !found
	})
	return found
}
