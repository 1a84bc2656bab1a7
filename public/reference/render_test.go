package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func rendered(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "openapi.yaml"))
	require.NoError(t, err)
	html, err := render(text)
	require.NoError(t, err)
	return string(html)
}

func TestPageIsCurrent(t *testing.T) {
	html := rendered(t)
	kept, err := os.ReadFile(filepath.Join("..", "reference.html"))
	require.NoError(t, err)
	assert.True(t, html == string(kept), "public/reference.html is older than public/openapi.yaml: go run ./public/reference")
}

// The page is complete in itself: no script, nothing from elsewhere, and every
// link leads to a place of its own.
func TestPageIsSelfContained(t *testing.T) {
	html := rendered(t)
	assert.NotContains(t, html, "<script")
	assert.NotContains(t, html, "ZgotmplZ", "what the template thinks unsafe")
	assert.NotContains(t, html, `style="`)
	for _, link := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(html, -1) {
		place, within := strings.CutPrefix(link[1], "#")
		if within {
			assert.Contains(t, html, `id="`+place+`"`, "a link to nowhere")
		} else {
			assert.Contains(t, []string{"/openapi.yaml", "data:,"}, link[1])
		}
	}
	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(html, -1) {
		assert.False(t, ids[id[1]], "%s is there twice", id[1])
		ids[id[1]] = true
	}
}

func TestPageHasEverything(t *testing.T) {
	html := rendered(t)
	for _, text := range []string{
		`<span class="method">POST</span> /api/timers/start`, `id="ActiveTimers"`, `id="listActiveTimers"`,
		`whole number, 0 to 25, default 0`, `list of <a href="#Timer">Timer</a>`, `<a href="#User">User</a> or null`, `<code>AMBIGUOUS_TIMER</code>`,
		`<dt><code>4401</code></dt>`, `&#34;accountId&#34;: &#34;&#39;$ME&#39;&#34;`, `RateLimit-Policy`,
	} {
		assert.Contains(t, html, text)
	}
}

func TestRenderTellsWhatIsWrong(t *testing.T) {
	_, err := render([]byte("paths: ["))
	assert.Error(t, err)
}
