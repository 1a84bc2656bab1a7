package e2e

import (
	"go/ast"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A panic in a goroutine would end the process. So a function that starts a goroutine
// must use package panics, or call a function of its own package that does.
func TestPanicsAreContained(t *testing.T) {
	helpers := map[string]bool{} // "pkg/internal/flight.put": it uses package panics
	check := map[string]func() bool{}
	shipped := []string{"api", "cmd", "inngest", "pkg"}
	for _, f := range goFiles(t, ".") {
		if f.test || f.dir == "pkg/panics" || f.dir == "pkg/realtime/storetest" || !slices.ContainsFunc(shipped, func(dir string) bool { return within(f.dir, dir) }) {
			continue
		}
		for _, declared := range f.ast.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if function.Recv == nil && namesPanics(function) {
				helpers[f.dir+"."+function.Name.Name] = true
			}
			if startsGoroutine(function) {
				check[f.fset.Position(function.Pos()).String()] = func() bool {
					return namesPanics(function) || calls(function, func(name string) bool { return helpers[f.dir+"."+name] })
				}
			}
		}
	}
	for place, contained := range check {
		assert.True(t, contained(), "%s: a goroutine without package panics", place)
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

// calls reports whether n calls a function of its own package that has such a name.
func calls(n ast.Node, such func(name string) bool) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			name, ok := call.Fun.(*ast.Ident)
			found = found || ok && such(name.Name)
		}
		return !found
	})
	return found
}
