package auth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Address is where a request comes from, as requests and attempts are counted:
// an IPv4 address, or an IPv6 network of 64 bits, all of which one customer has.
//
// It is the connection's own, unless that is a proxy's in proxies: then it is the
// last address in X-Forwarded-For that is not a proxy's too. Each proxy appends the
// address of its caller, so what stands further left is only what a caller claims.
// On Vercel no client's connection reaches this process, and the platform
// overwrites its headers (Vercel: Request headers), so they are trusted.
func Address(r *http.Request, onVercel bool, proxies []netip.Prefix) string {
	if onVercel {
		for _, name := range [...]string{"X-Vercel-Forwarded-For", "X-Real-Ip", "X-Forwarded-For"} {
			first, _, _ := strings.Cut(r.Header.Get(name), ",")
			if ip, err := netip.ParseAddr(strings.TrimSpace(first)); err == nil {
				return network(ip)
			}
		}
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown" // all that have none share one count
	}
	return network(client(at.Addr(), r.Header.Values("X-Forwarded-For"), proxies))
}

// client follows X-Forwarded-For from the connection's end as long as proxies
// wrote it. At an entry that is no address it stops.
func client(at netip.Addr, forwarded []string, proxies []netip.Prefix) netip.Addr {
	if len(proxies) == 0 {
		return at
	}
	entries := strings.Split(strings.Join(forwarded, ","), ",")
	for _, entry := range slices.Backward(entries) {
		at = at.Unmap().WithZone("")
		if !slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(at) }) {
			return at
		}
		entry = strings.TrimSpace(entry)
		next, err := netip.ParseAddr(strings.Trim(entry, "[]"))
		if withPort, bad := netip.ParseAddrPort(entry); bad == nil { // as Azure's gateways write it
			next, err = withPort.Addr(), nil
		}
		if err != nil {
			return at
		}
		at = next
	}
	return at
}

func network(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}
