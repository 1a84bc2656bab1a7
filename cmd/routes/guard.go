package routes

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Guard protects a process without a login from foreign web pages, which reach it from
// any browser on the same network.
//
// A request that changes something must not come from a foreign page. If the process
// listens on this machine only, each request must also name this machine: a foreign page
// whose host name is rebound to 127.0.0.1 looks like the same origin to its browser. A
// process that others reach may have any name, so its name is not checked.
//
// In required mode the token protects the process, and Guard returns the handler
// unchanged.
func Guard(d *app.Deps, address net.Addr, next http.Handler) http.Handler {
	if d.Config.Auth.Mode != config.AuthOpen {
		return next
	}
	if at, err := netip.ParseAddrPort(address.String()); err == nil && at.Addr().IsLoopback() {
		return LocalOnly(d, NoForeignWrites(d, next))
	}
	return NoForeignWrites(d, next)
}

// LocalOnly refuses requests whose Host is neither a loopback name or address nor the
// host of an origin in CORS_ALLOWED_ORIGINS.
func LocalOnly(d *app.Deps, next http.Handler) http.Handler {
	hosts := web.NewHosts(d.Config.Auth.AllowedOrigins)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !hosts.Allow(r.Host) {
			httpapi.Refuse(w, r, d, web.ErrHost)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// NoForeignWrites refuses requests that change something and come from a page of
// another origin, unless CORS allows that origin.
func NoForeignWrites(d *app.Deps, next http.Handler) http.Handler {
	cors := web.NewCORS(d.Config.Origins())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if foreign(r) && !cors.Allows(r) {
			httpapi.Refuse(w, r, d, errOrigin)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// OwnPagesOnly refuses all requests of pages of another origin, even those that only
// read.
func OwnPagesOnly(d *app.Deps, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asWrite := *r
		asWrite.Method = http.MethodPost
		if foreign(&asWrite) {
			httpapi.Refuse(w, r, d, errOrigin)
			return
		}
		next.ServeHTTP(w, r)
	})
}

var errOrigin = &web.Error{Status: http.StatusForbidden, Code: "ORIGIN_NOT_ALLOWED",
	Message: "Pages of this origin may not do this; the server's operator can add it to CORS_ALLOWED_ORIGINS."}

// crossOrigin checks Sec-Fetch-Site, which every browser sends and no proxy changes.
// If that is missing, it compares Origin with Host. A request with neither does not
// come from a browser.
var crossOrigin = http.NewCrossOriginProtection()

// foreign reports whether a request changes something and comes from a page of
// another origin.
func foreign(r *http.Request) bool { return crossOrigin.Check(r) != nil }
