package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/version"
)

// root is the path of the checkout from this package.
const root = ".."

// module is the path in go.mod.
const module = "github.com/clockwork-timer/backend"

// goFile is a parsed file of the tree.
type goFile struct {
	path string // "api/timers/active.go"
	dir  string // "api/timers"
	test bool
	text []byte
	ast  *ast.File
	fset *token.FileSet
}

// goFiles parses every Go file of this module below dir.
func goFiles(t *testing.T, dir string) []goFile {
	t.Helper()
	var files []goFile
	err := fs.WalkDir(os.DirFS(root), dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && skipped(name):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		f := goFile{path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), text: text, fset: token.NewFileSet()}
		f.ast, err = parser.ParseFile(f.fset, name, text, parser.ParseComments)
		files = append(files, f)
		return err
	})
	require.NoError(t, err)
	return files
}

// skipped reports whether the go command ignores the folder too: it is hidden, from
// npm, or another module.
func skipped(dir string) bool {
	base := path.Base(dir)
	if base[0] == '.' || base == "node_modules" || base == "testdata" {
		return true
	}
	_, err := os.Stat(filepath.Join(root, dir, "go.mod"))
	return err == nil
}

func TestTopLevel(t *testing.T) {
	known := []string{
		".ci", ".dockerignore", ".git", ".gitignore", ".env", ".env.example", ".env.local", ".vercel", "Dockerfile", "Makefile",
		"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md",
		"api", "bench", "bin", "clients", "cmd", "docs", "e2e", "go.mod", "go.sum", "inngest", "node_modules", "pkg", "public", "sandbox",
		"tmp", "vercel.json", "vercel.realtime.json",
	}
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".db" {
			assert.Contains(t, known, e.Name(), "unknown entry at the top of the tree (an internal folder there stops vercel build)")
		}
	}
}

func TestPackageNames(t *testing.T) {
	// Names of packages into which anything would fit.
	banned := []string{"util", "utils", "common", "helper", "helpers", "types", "models", "misc", "shared", "base"}
	for _, f := range goFiles(t, ".") {
		name := strings.TrimSuffix(f.ast.Name.Name, "_test")
		assert.NotContains(t, banned, name, "package name of %s", f.path)
	}
}

func TestPackageComments(t *testing.T) {
	folders := map[string][]goFile{}
	for _, f := range goFiles(t, ".") {
		folders[f.dir] = append(folders[f.dir], f)
	}
	for dir, files := range folders {
		onlyTests := !slices.ContainsFunc(files, func(f goFile) bool { return !f.test })
		var with []string
		for _, f := range files {
			if f.ast.Doc == nil {
				continue
			}
			with = append(with, f.path)
			assert.True(t, !f.test || onlyTests, "%s: the package comment belongs in a file that is not a test", f.path)
			want := "Package " + f.ast.Name.Name
			if f.ast.Name.Name == "main" {
				want = "Command " + path.Base(dir)
			}
			assert.True(t, strings.HasPrefix(f.ast.Doc.Text(), want+" "), "%s: package comment does not begin with %q", f.path, want)
		}
		assert.Len(t, with, 1, "%s: files with a package comment", dir)
	}
}

func TestGoMod(t *testing.T) {
	text := read(t, "go.mod")
	// Vercel's builder uses the first "module x", even in a comment.
	assert.True(t, strings.HasPrefix(text, "module "+module+"\n"), "go.mod begins with its module line")
	assert.Regexp(t, regexp.MustCompile(`(?m)^toolchain go1\.26\.\d+$`), text, "without it vercel dev downloads another Go")
	// Every built function links these. They are pinned here because go-bridge does
	// not pin them.
	assert.Contains(t, text, "github.com/vercel/go-bridge v0.0.0-20221108222652-296f4c6bdb6d")
	assert.Contains(t, text, "github.com/aws/aws-lambda-go v")
}

func TestChangelogHasTheVersion(t *testing.T) {
	newest := regexp.MustCompile(`(?m)^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$`).FindStringSubmatch(read(t, "CHANGELOG.md"))
	require.NotNil(t, newest, "CHANGELOG.md has an entry with a number and a date")
	assert.Equal(t, version.Number, newest[1], "pkg/version and the newest entry of CHANGELOG.md")
}

func TestLockFilesNameNoRegistry(t *testing.T) {
	locks, err := filepath.Glob(filepath.Join(root, "*", "*", "package-lock.json"))
	require.NoError(t, err)
	require.NotEmpty(t, locks)
	for _, lock := range locks {
		b, err := os.ReadFile(lock)
		require.NoError(t, err)
		assert.False(t, slices.Contains(strings.Fields(string(b)), `"resolved":`), "%s: set omit-lockfile-registry-resolved in .npmrc", lock)
	}
}
