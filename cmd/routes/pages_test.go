package routes_test

import (
	"compress/gzip"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/public"
)

// tree returns a folder as public.Files has it, with or without a build of the web
// app.
func tree(built bool) fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	files := fstest.MapFS{
		"openapi.yaml": file("openapi: 3.1.1\n"), "reference.html": file("<style>p{}</style><h1>Reference</h1>"), "index.html": file("<h1>Plain</h1>"),
		"app/.gitignore": file("*\n"),
	}
	if built {
		files["app/index.html"] = file(`<script>a()</script><script type="module" src="/x.js">no()</script><SCRIPT id="b">b()</SCRIPT><h1>Built</h1>`)
		files["app/404.html"] = file("<h1>Not here</h1>" + strings.Repeat("<p>Nothing. </p>", 200))
		files["app/_next/static/chunks/1-a.js"] = file(strings.Repeat("x();", 1000))
		files["app/_next/static/media/f.woff2"] = file("font")
		files["app/icon.svg"], files["app/what.is"] = file("<svg/>"), file("?")
	}
	return files
}

// pages returns a handler of the pages and the API.
func pages(t *testing.T, files fstest.MapFS, env map[string]string) http.Handler {
	t.Helper()
	w := apptest.New(t, apptest.Options{Unsynced: true, Env: env})
	route, err := routes.Pages(w.Deps, files)
	require.NoError(t, err)
	return routes.Handler(w.Deps, route)
}

func visit(handler http.Handler, method, target string, header ...string) *http.Response {
	request := httptest.NewRequest(method, "http://timers.example/", nil)
	request.URL.Path, request.RequestURI = target, target
	return answerTo(handler, request, header...).Result()
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}

func TestPages(t *testing.T) {
	plain, built := pages(t, tree(false), nil), pages(t, tree(true), nil)
	for name, c := range map[string]struct {
		handler      http.Handler
		method, path string
		status       int
		contentType  string
		has          string
	}{
		"plain":              {plain, "GET", "/", 200, "text/html; charset=utf-8", "<h1>Plain</h1>"},
		"plain-by-name":      {plain, "GET", "/index.html", 200, "text/html; charset=utf-8", "<h1>Plain</h1>"},
		"plain-unknown":      {plain, "GET", "/nothing", 404, "application/json; charset=utf-8", `"error":"NOT_FOUND"`},
		"built":              {built, "GET", "/", 200, "text/html; charset=utf-8", "<h1>Built</h1>"},
		"built-head":         {built, "HEAD", "/", 200, "text/html; charset=utf-8", ""},
		"built-unknown":      {built, "GET", "/nothing", 404, "text/html; charset=utf-8", "<h1>Not here</h1>"},
		"built-unknown-head": {built, "HEAD", "/nothing", 404, "text/html; charset=utf-8", ""},
		"reference":          {built, "GET", "/reference", 200, "text/html; charset=utf-8", "<h1>Reference</h1>"},
		"reference-by-name":  {built, "GET", "/reference.html", 200, "text/html; charset=utf-8", "<h1>Reference</h1>"},
		"reference-plain":    {plain, "GET", "/reference", 200, "text/html; charset=utf-8", "<h1>Reference</h1>"},
		"openapi":            {built, "GET", "/openapi.yaml", 200, "application/yaml", "openapi: 3.1.1"},
		"script":             {built, "GET", "/_next/static/chunks/1-a.js", 200, "text/javascript; charset=utf-8", "x();"},
		"font":               {built, "GET", "/_next/static/media/f.woff2", 200, "font/woff2", "font"},
		"icon":               {built, "GET", "/icon.svg", 200, "image/svg+xml", "<svg/>"},
		"unknown-extension":  {built, "GET", "/what.is", 200, "application/octet-stream", "?"},
		"hidden-file":        {built, "GET", "/.gitignore", 404, "text/html; charset=utf-8", "Not here"},
		"folder":             {built, "GET", "/_next/static/", 404, "text/html; charset=utf-8", "Not here"},
		"folder-bare":        {built, "GET", "/_next", 404, "text/html; charset=utf-8", "Not here"},
		"api":                {built, "GET", "/api/health", 200, "application/json; charset=utf-8", `"status":"ok"`},
		"api-unknown":        {built, "GET", "/api/nothing", 404, "application/json; charset=utf-8", `"error":"NOT_FOUND"`},
		"api-bare":           {built, "GET", "/api", 404, "application/json; charset=utf-8", `"error":"NOT_FOUND"`},
		"timers":             {built, "GET", "/timers", 503, "application/json; charset=utf-8", `"error":"AUTH_NOT_CONFIGURED"`},
		"post":               {built, "POST", "/", 405, "application/json; charset=utf-8", `"error":"METHOD_NOT_ALLOWED"`},
		"post-unknown":       {built, "POST", "/nothing", 405, "application/json; charset=utf-8", `"error":"METHOD_NOT_ALLOWED"`},
		"source":             {built, "GET", "/public.go", 404, "text/html; charset=utf-8", "Not here"},
		"plain-page-hidden":  {built, "GET", "/app/index.html", 404, "text/html; charset=utf-8", "Not here"},
		"upwards":            {built, "GET", "/../openapi.yaml", 404, "application/json; charset=utf-8", `"error":"NOT_FOUND"`},
		"upwards-within":     {built, "GET", "/_next/../index.html", 404, "application/json; charset=utf-8", `"error":"NOT_FOUND"`},
		"two-slashes":        {built, "GET", "//icon.svg", 404, "application/json; charset=utf-8", `"error":"NOT_FOUND"`},
		"backslash":          {built, "GET", `/..\openapi.yaml`, 404, "text/html; charset=utf-8", "Not here"},
		"null":               {built, "GET", "/icon.svg\x00.html", 404, "text/html; charset=utf-8", "Not here"},
	} {
		t.Run(name, func(t *testing.T) {
			res := visit(c.handler, c.method, c.path)
			body := text(t, res)
			assert.Equal(t, c.status, res.StatusCode, body)
			assert.Equal(t, c.contentType, res.Header.Get("Content-Type"))
			assert.Contains(t, body, c.has)
			if c.method == "HEAD" {
				assert.Empty(t, body)
			}
			if c.status == 405 {
				assert.Equal(t, "GET, HEAD", res.Header.Get("Allow"))
			}
			assert.Empty(t, res.Header.Get("Location"), "no redirect")
		})
	}
}

// A browser sends the login form itself if somebody is quicker than the page's
// scripts. The answer is then a page.
func TestFormWithoutScripts(t *testing.T) {
	res := visit(pages(t, tree(true), nil), "POST", "/", "Accept", "text/html,application/xhtml+xml")
	assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
	assert.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'")
	assert.Contains(t, text(t, res), "Load the page again")
}

func TestPagesProtectThemselves(t *testing.T) {
	handler := pages(t, tree(true), nil)
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	for path, policy := range map[string]string{
		"/": "default-src 'none'; script-src 'self' " + hash("a()") + " " + hash("no()") + " " + hash("b()") + "; style-src 'self'; connect-src 'self'; " +
			"img-src 'self' data:; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"/reference": "default-src 'none'; script-src 'self'; style-src 'self' " + hash("p{}") + "; connect-src 'self'; " +
			"img-src 'self' data:; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"/icon.svg": "default-src 'none'; frame-ancestors 'none'",
	} {
		res := visit(handler, "GET", path)
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "",
		} {
			assert.Equal(t, want, res.Header.Get(name), "%s: %s", path, name)
		}
		assert.Contains(t, res.Header.Get("Permissions-Policy"), "camera=()", path)
	}
	assert.Contains(t, visit(handler, "GET", "/nothing").Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
}

// Strict-Transport-Security is sent only if the browser came by TLS.
func TestPagesOverTLS(t *testing.T) {
	here, deployed := pages(t, tree(true), nil), pages(t, tree(true), map[string]string{"VERCEL_ENV": "production", "AUTH_MODE": "open",
		"INNGEST_EVENT_KEY": "event-key-0123", "INNGEST_SIGNING_KEY": "signkey-prod-0123456789abcdef"})
	const header = "Strict-Transport-Security"
	assert.Empty(t, visit(here, "GET", "/", "X-Forwarded-Proto", "https").Header.Get(header), "any client can send this header")
	assert.Empty(t, visit(deployed, "GET", "/", "X-Forwarded-Proto", "http").Header.Get(header))
	assert.NotEmpty(t, visit(deployed, "GET", "/", "X-Forwarded-Proto", "https").Header.Get(header))
	request := httptest.NewRequest("GET", "/", nil)
	request.TLS = &tls.ConnectionState{}
	recorder := httptest.NewRecorder()
	here.ServeHTTP(recorder, request)
	assert.NotEmpty(t, recorder.Header().Get(header))
}

func TestPagesAreCached(t *testing.T) {
	handler := pages(t, tree(true), nil)
	const chunk = "/_next/static/chunks/1-a.js"
	assert.Equal(t, "no-cache", visit(handler, "GET", "/").Header.Get("Cache-Control"))
	assert.Equal(t, "no-cache", visit(handler, "GET", "/openapi.yaml").Header.Get("Cache-Control"))
	assert.Equal(t, "no-store", visit(handler, "GET", "/nothing").Header.Get("Cache-Control"))
	assert.Equal(t, "public, max-age=31536000, immutable", visit(handler, "GET", chunk).Header.Get("Cache-Control"))

	tag := visit(handler, "GET", "/").Header.Get("ETag")
	again := visit(handler, "GET", "/", "If-None-Match", tag)
	assert.Equal(t, 304, again.StatusCode)
	assert.Empty(t, text(t, again))
	assert.Equal(t, 200, visit(handler, "GET", "/", "If-None-Match", `"another"`).StatusCode)
	changed := tree(true)
	changed["app/index.html"].Data = append(changed["app/index.html"].Data, '.')
	assert.NotEqual(t, tag, visit(pages(t, changed, nil), "GET", "/").Header.Get("ETag"))

	for accepted, zipped := range map[string]bool{"gzip": true, "deflate, GZIP;q=0.5": true, "br": false, "gzip;q=0": false, "gzip; q=0.000": false, "": false} {
		res := visit(handler, "GET", chunk, "Accept-Encoding", accepted)
		assert.Equal(t, zipped, res.Header.Get("Content-Encoding") == "gzip", accepted)
		assert.Equal(t, "Accept-Encoding", res.Header.Get("Vary"))
		assert.Equal(t, zipped, strings.HasSuffix(res.Header.Get("ETag"), `-gzip"`), "each encoding has its own ETag")
		body := io.Reader(res.Body)
		if zipped {
			var err error
			body, err = gzip.NewReader(res.Body)
			require.NoError(t, err)
		}
		unpacked, err := io.ReadAll(body)
		require.NoError(t, err)
		assert.Equal(t, strings.Repeat("x();", 1000), string(unpacked))
	}
	assert.Empty(t, visit(handler, "GET", "/_next/static/media/f.woff2", "Accept-Encoding", "gzip").Header.Get("Content-Encoding"))
}

// The product's own pages obey their policy: every script and style is the page's own
// or allowed by its hash, and nothing comes from another origin.
func TestPublicFiles(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	route, err := routes.Pages(w.Deps, public.Files)
	require.NoError(t, err)
	handler := routes.Handler(w.Deps, route)
	for _, path := range []string{"/", "/reference"} {
		res := visit(handler, "GET", path)
		html := text(t, res)
		assert.Equal(t, 200, res.StatusCode, path)
		assert.NotContains(t, res.Header.Get("Content-Security-Policy"), "unsafe", path)
		assert.NotRegexp(t, `(?i)\s(style|on[a-z]+)="`, html, "%s: the policy forbids it", path)
		for _, link := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(html, -1) {
			assert.False(t, strings.Contains(link[1], "//"), "%s: %s", path, link[1])
		}
	}
	assert.Contains(t, text(t, visit(handler, "GET", "/openapi.yaml")), "openapi: 3.1")
}

func TestPagesThatAreNotThere(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	for name := range tree(false) {
		files := tree(false)
		delete(files, name)
		_, err := routes.Pages(w.Deps, files)
		if name == "app/.gitignore" {
			assert.NoError(t, err, "an app that was never built")
		} else {
			assert.ErrorContains(t, err, name)
		}
	}
}
