package httpapi

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/users"
)

const (
	// deviceCookie holds the token of a device on which somebody has logged in.
	deviceCookie = "cw_device"
	// maxDevices is how many cookies of that name are read.
	maxDevices = 4
)

// LogIn checks a username and password. The cookie identifies the device at the next
// login; it is sent to no other route, and is no credential.
func LogIn(ctx context.Context, d *app.Deps, r *Request, username, password string) (users.User, *http.Cookie, error) {
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
	in, err := d.Login.LogIn(ctx, auth.Credentials{Username: username, Password: password, Address: r.address, Devices: devices})
	if err != nil {
		return users.User{}, nil, err
	}
	return in.User, &http.Cookie{Name: name, Value: in.Device, Path: r.URL.Path, MaxAge: int(auth.DeviceLife.Seconds()),
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode}, nil
}
