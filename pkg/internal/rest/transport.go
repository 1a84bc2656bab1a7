package rest

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// NewTransport returns the pooled transport that all clients of a process
// share. It obeys the standard proxy variables, as every Go program does
// (never for a loopback address).
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		// Well below a call's deadline, so that a dead address can be tried again.
		DialContext:           (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
		ResponseHeaderTimeout: 30 * time.Second, // behind every call's own deadline

		// A sync has some hundred calls to one host under way, which over HTTP/1 is as
		// many connections. The next round of them finds these open.
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    128,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}
