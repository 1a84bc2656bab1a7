// Package public holds the files that are served beside the API: the OpenAPI
// document, the same document as a page, a plain page of the timers, and the web app.
// Vercel serves them from this folder; cmd/dev and cmd/server have them built in.
package public

import "embed"

// OpenAPI is the OpenAPI 3.1 document of every route and realtime message, in
// YAML.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Files are all of them. index.html is the plain page. The folder app is filled by the
// web app's build, and git ignores it: the app is there if it was built before the
// program.
//
//go:embed openapi.yaml reference.html index.html
//go:embed all:app
var Files embed.FS
