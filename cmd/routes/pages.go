package routes

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

// site has the files that browsers get, by the path of their address. It is complete
// before the first request, so no address can lead to another file.
type site struct {
	files       map[string]*file
	notFound    *file // nil if the pages have none
	apiNotFound http.Handler
	deps        *app.Deps
	deployed    bool
}

// Pages serves the web pages at every path without a route: the API's documents, and
// the web app if files has a build of it, or else the plain page. See public.Files.
func Pages(d *app.Deps, files fs.FS) (Route, error) {
	s := &site{files: map[string]*file{}, apiNotFound: httpapi.NotFound(d), deps: d, deployed: d.Config.Deployed()}
	for _, document := range []string{"openapi.yaml", "reference.html"} {
		if err := s.add(files, document); err != nil {
			return Route{}, err
		}
	}
	built, err := fs.Sub(files, "app")
	if err != nil {
		return Route{}, fmt.Errorf("pages: %w", err)
	}
	if _, err := fs.Stat(built, "_next"); err != nil { // "vercel dev" puts the plain page there too
		err := s.add(files, "index.html")
		return Route{"/", s.serve}, err
	}
	err = fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		return s.add(built, name)
	})
	s.notFound = s.files["/404.html"]
	return Route{"/", s.serve}, err
}

// add serves a file at its path, and a page without its extension too, as
// Vercel does.
func (s *site) add(files fs.FS, name string) error {
	body, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	f := newFile(name, body)
	s.files["/"+name] = f
	if page, is := strings.CutSuffix("/"+name, ".html"); is {
		s.files[page] = f
		if path.Base(page) == "index" {
			s.files[strings.TrimSuffix(page, "index")] = f
		}
	}
	return nil
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	f, status := s.files[r.URL.Path], http.StatusOK
	if f == nil {
		f, status = s.notFound, http.StatusNotFound
	}
	switch {
	case f == nil, path.Clean(r.URL.Path) == "/api", strings.HasPrefix(r.URL.Path, "/api/"):
		s.apiNotFound.ServeHTTP(w, r)
	default:
		httpapi.ServePage(w, r, s.deps, func(w http.ResponseWriter, r *http.Request) { s.page(w, r, f, status) })
	}
}

func (s *site) page(w http.ResponseWriter, r *http.Request, f *file, status int) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			s.protect(w.Header(), r)
			refuseForm(w)
			return
		}
		web.WriteError(w, &web.Error{Status: http.StatusMethodNotAllowed, Code: "METHOD_NOT_ALLOWED", Message: "This is a page: it can only be read."})
		return
	}
	s.protect(w.Header(), r)
	f.serve(w, r, status)
}

// refuseForm answers a browser that sent the login form itself, before the page's
// scripts had loaded or with JavaScript off.
func refuseForm(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	w.WriteHeader(http.StatusMethodNotAllowed)
	_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Clockwork</title>`+
		`<h1>That came too early</h1><p>The form was sent before the page had loaded. Nothing was done. <a href="/">Load the page again</a>, and switch JavaScript on if it is off.</p></html>`)
}

// protect sets the headers that every page's answer has.
func (s *site) protect(h http.Header, r *http.Request) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.TLS != nil || s.deployed && r.Header.Get("X-Forwarded-Proto") == "https" {
		h.Set("Strict-Transport-Security", "max-age=63072000")
	}
}

// serve answers with the file, or with 304 if the browser has it.
func (f *file) serve(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Security-Policy", f.policy)
	h.Set("Cache-Control", f.cache)
	body, tag := f.body, f.tag
	if f.zipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			body, tag = f.zipped, f.zippedTag
			h.Set("Content-Encoding", "gzip")
		}
	}
	if status != http.StatusOK {
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(body)
		}
		return
	}
	h.Set("ETag", tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// takesGzip reads Accept-Encoding (RFC 9110, 12.5.3) as far as browsers use it.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight = strings.ReplaceAll(weight, " ", "")
			return weight != "q=0" && !strings.HasPrefix(weight, "q=0.000")
		}
	}
	return false
}
