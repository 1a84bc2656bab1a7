package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// ErrHost refuses a request for a host that is not the server's own.
var ErrHost = &Error{Status: http.StatusForbidden, Code: "ORIGIN_NOT_ALLOWED",
	Message: "This server answers only by a name of its own machine, such as localhost; its operator can add another to CORS_ALLOWED_ORIGINS."}

// Hosts are the names by which a server that serves its own machine may be called. It
// defends against DNS rebinding: a page whose own name points to 127.0.0.1 is of the
// same origin for its browser, but uses another name.
type Hosts struct{ configured []string }

// NewHosts allows loopback names and addresses, and the hosts of the origins.
func NewHosts(origins []string) Hosts {
	var h Hosts
	for _, origin := range origins {
		if u, err := url.Parse(origin); err == nil {
			h.configured = append(h.configured, strings.ToLower(u.Hostname()))
		}
	}
	return h
}

// Allow reports whether a Host header names one of them; its port says nothing.
func (h Hosts) Allow(host string) bool {
	name := hostname(host)
	return isLoopback(name) || name != "" && slices.Contains(h.configured, name)
}

// hostname is a Host header's name, without the port; "" if it is not well
// formed.
func hostname(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return ""
		}
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// isLoopback knows names that browsers never ask the network for.
func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	host = strings.TrimSuffix(host, ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
