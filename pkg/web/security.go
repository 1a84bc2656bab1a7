package web

import "net/http"

// What every answer of the API says of itself: it is data, and nothing that a
// page may show, run, embed or guess the type of. A page of another origin that
// CORS lets read it is not held back by any of these: the resource policy is
// for those that embed it without asking.
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
