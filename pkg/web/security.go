package web

import "net/http"

// An answer of the API is data: a page must not show, run or embed it, nor guess its
// type. None of these headers stops a page that CORS lets read it: the resource policy
// is about pages that embed it without CORS.
var (
	noSniff     = []string{"nosniff"}
	noContent   = []string{"default-src 'none'; frame-ancestors 'none'"}
	noReferrer  = []string{"no-referrer"}
	sameOrigin  = []string{"same-origin"}
	neverStored = []string{"no-store"}
)

// Protect sets the headers that every answer of the API has, errors too.
func Protect(header http.Header) {
	header["X-Content-Type-Options"] = noSniff
	header["Content-Security-Policy"] = noContent
	header["Referrer-Policy"] = noReferrer
	header["Cross-Origin-Resource-Policy"] = sameOrigin
	header["Cache-Control"] = neverStored
}
