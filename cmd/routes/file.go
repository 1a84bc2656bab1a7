package routes

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"path"
	"regexp"
	"slices"
	"strings"
)

// file is one file of the pages, with everything that its answers need.
type file struct {
	body, zipped   []byte // zipped is nil if gzip would not make it smaller
	tag, zippedTag string
	contentType    string
	policy         string // Content-Security-Policy
	cache          string // Cache-Control
}

// contentTypes are fixed here, because those of package mime depend on the machine.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".json": "application/json", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json", ".yaml": "application/yaml",
	".ico": "image/x-icon", ".png": "image/png", ".woff2": "font/woff2",
}

// alreadySmall are types that gzip does not make smaller.
var alreadySmall = []string{"image/png", "font/woff2", "application/octet-stream"}

func newFile(name string, body []byte) *file {
	f := &file{body: body, tag: tagOf(body, ""), contentType: cmp.Or(contentTypes[path.Ext(name)], "application/octet-stream"), cache: "no-cache"}
	if strings.HasPrefix(name, "_next/static/") { // named by their content
		f.cache = "public, max-age=31536000, immutable"
	}
	f.policy = "default-src 'none'; frame-ancestors 'none'"
	if path.Ext(name) == ".html" {
		f.policy = policyFor(body)
	}
	if !slices.Contains(alreadySmall, f.contentType) {
		if zipped := zip(body); len(zipped) < len(body) {
			f.zipped, f.zippedTag = zipped, tagOf(body, "-gzip")
		}
	}
	return f
}

func tagOf(body []byte, variant string) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + variant + `"`
}

func zip(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid, so there is no error
	_, _ = w.Write(body)                                  // to memory
	_ = w.Close()
	return b.Bytes()
}

var (
	inlineScript = regexp.MustCompile(`(?is)<script(?:\s[^>]*)?>(.*?)</script>`)
	inlineStyle  = regexp.MustCompile(`(?is)<style(?:\s[^>]*)?>(.*?)</style>`)
)

// policyFor returns a page's Content-Security-Policy. It allows files of the same
// origin, and the inline scripts and styles that the page has.
func policyFor(html []byte) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'" + hashes(inlineScript, html),
		"style-src 'self'" + hashes(inlineStyle, html),
		"connect-src 'self'", // the WebSocket of the same origin too
		"img-src 'self' data:",
		"font-src 'self'",
		"manifest-src 'self'",
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}, "; ")
}

func hashes(element *regexp.Regexp, html []byte) string {
	var b strings.Builder
	seen := map[string]bool{"": true}
	for _, match := range element.FindAllSubmatch(html, -1) {
		if text := string(match[1]); !seen[text] {
			seen[text] = true
			sum := sha256.Sum256(match[1])
			b.WriteString(" 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
		}
	}
	return b.String()
}
