package rest

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// ErrNotAllowed means a request to an address that is not configured. It was
// not sent.
var ErrNotAllowed = errors.New("this address is not among the configured ones")

// allowed lets requests through to some origins only.
type allowed struct {
	next    http.RoundTripper
	origins map[string]bool
}

// AllowOnly returns a transport that refuses every request to another scheme,
// host or port than those of the URLs, redirects too. It is the last thing
// before the network: a mistake elsewhere cannot carry a credential away.
func AllowOnly(next http.RoundTripper, urls ...string) http.RoundTripper {
	a := allowed{next: next, origins: map[string]bool{}}
	for _, raw := range urls {
		if u, err := url.Parse(raw); err == nil && u.Host != "" {
			a.origins[origin(u)] = true
		}
	}
	return a
}

// RoundTrip sends the request, or fails with ErrNotAllowed.
func (a allowed) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.origins[origin(r.URL)] && (r.Host == "" || strings.EqualFold(r.Host, r.URL.Host)) {
		return a.next.RoundTrip(r)
	}
	if r.Body != nil {
		_ = r.Body.Close() // as the interface demands
	}
	return nil, &notSentError{ErrNotAllowed}
}

// origin is the scheme, host and port as RFC 6454 has them.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme + "://" + u.Hostname() + ":" + port)
}
