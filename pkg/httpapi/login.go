package httpapi

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
)

const (
	// deviceCookie holds the token of a device on which somebody has logged in.
	deviceCookie = "cw_device"
	// maxDevices is how many cookies of that name are read.
	maxDevices = 4
)

// LogIn checks a username and password. The cookie identifies the device at the next
// login; it is sent to no other route, and is no credential.
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
	token, err := d.Login.LogIn(ctx, auth.Credentials{Username: username, Password: password, Address: r.address, Devices: devices})
	if err != nil {
		return auth.Token{}, nil, err
	}
	return token, &http.Cookie{Name: name, Value: token.Device, Path: r.URL.Path, MaxAge: int(auth.DeviceLife.Seconds()),
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode}, nil
}
