// Package public holds what people and programs that call the API may read of
// it: the OpenAPI document, the same as a page, and the web app. On Vercel the
// app's folder is served as files; cmd/dev and cmd/server have it built in.
package public

import "embed"

// OpenAPI is the OpenAPI 3.1 document of every route and realtime message, in
// YAML.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Files are what a server serves beside the API: the documents, index.html,
// which is a plain page of the timers, and app, which is the web app if it
// was built before the program. Its build fills the folder; git knows none of
// it.
//
//go:embed openapi.yaml reference.html index.html
//go:embed all:app
var Files embed.FS
