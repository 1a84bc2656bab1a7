package e2e

import (
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// document is a Markdown file for people.
type document struct {
	path string // "docs/api.md"
	text string
}

func documents(t *testing.T) []document {
	t.Helper()
	var found []document
	for _, pattern := range []string{"*.md", "docs/*.md", "clients/*/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, p := range paths {
			name, err := filepath.Rel(root, p)
			require.NoError(t, err)
			found = append(found, document{filepath.ToSlash(name), read(t, name)})
		}
	}
	return found
}

func TestDocumentsNameWhatExists(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	// A path in backticks that begins with a folder of this tree.
	code := regexp.MustCompile("`((?:api|bench|clients|cmd|docs|e2e|inngest|pkg|public|sandbox|\\.ci)/[^`\\s*{}<>…$]+)`")
	for _, d := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(d.text, -1) {
			assertExists(t, d.path, path.Join(path.Dir(d.path), m[1]))
		}
		for _, m := range code.FindAllStringSubmatch(d.text, -1) {
			if m[1] != "public/app/" {
				assertExists(t, d.path, m[1])
			}
		}
	}
}

// assertExists accepts globs, because SECURITY.md uses some.
func assertExists(t *testing.T, document, name string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(name)))
	assert.NoError(t, err)
	assert.NotEmpty(t, found, "%s names %s, which does not exist", document, name)
}

func TestOperateListsEachVariable(t *testing.T) {
	operate := read(t, "docs/operate.md")
	names := regexp.MustCompile(`(?m)^#? ?([A-Z][A-Z0-9_]+)=`).FindAllStringSubmatch(read(t, ".env.example"), -1)
	require.NotEmpty(t, names)
	for _, n := range names {
		assert.Contains(t, operate, "`"+n[1]+"`", "docs/operate.md does not have a variable of .env.example")
	}
}

func TestReadmeIsShort(t *testing.T) {
	for _, d := range documents(t) {
		if d.path == "README.md" {
			assert.Less(t, strings.Count(d.text, "\n"), 110, "the manual is in docs/")
		}
	}
}
