package e2e

import (
	"go/ast"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The traps of Vercel's Go builder: it refuses or breaks some files under api/ that
// the compiler accepts. Each was seen with CLI 64 or read in its source.

// handlers returns the files under api/ that become functions.
func handlers(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	for _, f := range goFiles(t, "api") {
		if !f.test {
			files = append(files, f)
		}
	}
	return files
}

func TestHandlerFiles(t *testing.T) {
	for _, f := range handlers(t) {
		t.Run(strings.ReplaceAll(f.path, "/", "-"), func(t *testing.T) {
			assert.NotContains(t, path.Base(f.path), "[", "the go command cannot build it: use a rewrite")
			assert.NotEqual(t, "main", f.ast.Name.Name, "the builder refuses package main beside a go.mod")

			var exported []*ast.FuncDecl
			for _, decl := range f.ast.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.IsExported() {
					exported = append(exported, fn)
				}
			}
			if assert.Len(t, exported, 1, "exported functions: the builder takes the first") {
				checkHandler(t, f, exported[0])
			}
			checkPackageClause(t, f)
		})
	}
}

func checkHandler(t *testing.T, f goFile, fn *ast.FuncDecl) {
	t.Helper()
	name := fn.Name.Name
	assert.Regexp(t, `^Handle[A-Z]`, name)

	start, end := f.fset.Position(fn.Type.Params.Pos()).Offset, f.fset.Position(fn.Type.Params.End()).Offset
	assert.Regexp(t, `^\(\w+ http\.ResponseWriter, \w+ \*http\.Request\)$`, string(f.text[start:end]), "the builder compares text")

	// The builder renames every " Name" of the file, also in strings and fields.
	word := regexp.MustCompile(`\b` + name + `\b`)
	doc := len(word.FindAllString(fn.Doc.Text(), -1))
	assert.Equal(t, 1, doc, "the doc comment names the handler")
	assert.Len(t, word.FindAll(f.text, -1), doc+1, "%s is somewhere else than in its declaration and doc comment", name)
}

// checkPackageClause checks that "vercel dev" replaces the package clause: it
// replaces the first lower-case "package x".
func checkPackageClause(t *testing.T, f goFile) {
	t.Helper()
	first := regexp.MustCompile(`\bpackage\W+\S+\b`).FindIndex(f.text)
	clause := f.fset.Position(f.ast.Package).Offset
	if assert.NotNil(t, first) {
		assert.Equal(t, clause, first[0], "a comment above the package clause says %q", f.text[first[0]:first[1]])
	}
}

// "vercel dev" compiles each file alone, so a handler cannot use names of another
// file.
func TestHandlersUseNoSibling(t *testing.T) {
	declared := map[string]map[string]string{} // folder → top-level name → file
	for _, f := range handlers(t) {
		if declared[f.dir] == nil {
			declared[f.dir] = map[string]string{}
		}
		for name := range f.ast.Scope.Objects {
			declared[f.dir][name] = f.path
		}
	}
	for _, f := range handlers(t) {
		for _, used := range f.ast.Unresolved {
			assert.Contains(t, []string{"", f.path}, declared[f.dir][used.Name], "%s uses %s of a sibling file", f.path, used.Name)
		}
	}
}
