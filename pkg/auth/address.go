package auth

import (
	"net/http"
	"net/netip"
	"strings"
)

// Address is where a request comes from, as attempts are counted: an IPv4
// address, or an IPv6 network of 64 bits, all of which one customer has.
//
// It is the connection's own. Only on Vercel, where no connection of a client's
// reaches us and the platform overwrites the headers so that nobody can make
// them up (Vercel: Request headers), are they believed. Behind a proxy of one's
// own all clients share the proxy's address.
func Address(r *http.Request, onVercel bool) string {
	if onVercel {
		for _, name := range [...]string{"X-Vercel-Forwarded-For", "X-Real-Ip", "X-Forwarded-For"} {
			first, _, _ := strings.Cut(r.Header.Get(name), ",")
			if ip, err := netip.ParseAddr(strings.TrimSpace(first)); err == nil {
				return network(ip)
			}
		}
	}
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return network(at.Addr())
	}
	return "unknown" // all that have none share one count
}

func network(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}
