package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/web"
)

const (
	// deviceCookie holds the token of a device on which somebody has logged in.
	deviceCookie = "cw_device"
	// maxDevices is how many of that name are looked at.
	maxDevices = 4
)

// LogIn checks a username and password. The cookie lets the device be known at
// the next login; it goes to no other route, and lets nobody in.
func LogIn(ctx context.Context, d *app.Deps, r *Request, username, password string) (auth.Token, *http.Cookie, error) {
	secure := d.Config.Deployed() || r.TLS != nil
	name := deviceCookie
	if secure {
		name = "__Secure-" + name
	}
	var devices []string
	for _, cookie := range r.CookiesNamed(name) {
		if len(devices) < maxDevices {
			devices = append(devices, cookie.Value)
		}
	}
	token, err := d.Login.Enter(ctx, auth.Credentials{Username: username, Password: password, Address: address(d, r.Request), Devices: devices})
	if err != nil {
		return auth.Token{}, nil, err
	}
	return token, &http.Cookie{Name: name, Value: token.Device, Path: r.URL.Path, MaxAge: int(auth.DeviceLife.Seconds()),
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode}, nil
}

// ServeStranger answers a caller who has no token yet, once the configuration
// is complete.
func ServeStranger(w http.ResponseWriter, r *http.Request, method string, route Route) {
	serve(w, r, method, route, doorway{identify: func(*app.Deps) (auth.Caller, error) { return auth.Caller{}, nil }, load: light})
}

// ServeToken answers a caller with a bearer token, in open mode too: what it
// shows is one user's, and only the token says whose.
func ServeToken(w http.ResponseWriter, r *http.Request, method string, route Route) {
	serve(w, r, method, route, doorway{load: light, identify: func(d *app.Deps) (auth.Caller, error) {
		if len(d.Verifier.Secrets) == 0 {
			return auth.Caller{}, auth.ErrNoLogin
		}
		return auth.Identify(r, config.AuthRequired, d.Verifier.Verify)
	}})
}

func tooManyAttempts(limited *auth.TooManyAttempts, cause error) *web.Error {
	return &web.Error{Status: http.StatusTooManyRequests, Code: "TOO_MANY_ATTEMPTS", RetryAfter: limited.RetryAfter, Err: cause,
		Message: "Too many failed attempts to log in from here. Try again " + inWords(limited.RetryAfter) + "."}
}

func loginBusy(cause error) *web.Error {
	return &web.Error{Status: http.StatusTooManyRequests, Code: "TOO_MANY_ATTEMPTS", RetryAfter: time.Second, Err: cause,
		Message: "Too many people log in at the moment. Try again in a second."}
}
