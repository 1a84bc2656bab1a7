package upstash

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// checkURL returns the base URL as requests use it. The errors say what to
// change and quote nothing, because people paste tokens into URLs.
func checkURL(raw string) (string, error) {
	raw = strings.TrimRight(strings.TrimSpace(raw), "/")
	if raw == "" {
		return "", errors.New("the Upstash REST URL is empty")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "":
		return "", errors.New("the Upstash REST URL is not a URL: want https://NAME.upstash.io")
	case u.User != nil || strings.ContainsAny(raw, "?#"):
		return "", errors.New("the Upstash REST URL may hold no user, query or fragment: the token is a setting of its own")
	case u.Scheme == "redis" || u.Scheme == "rediss":
		return "", errors.New("the Upstash REST URL is a Redis address: take the one that begins with https, or set REDIS_URL instead")
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return "", errors.New("the Upstash REST URL must begin with https (http only for this machine)")
	}
	return raw, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func checkToken(token secret.Text) error {
	if token.IsZero() {
		return errors.New("the Upstash REST token is empty")
	}
	if strings.ContainsFunc(token.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the Upstash REST token holds a character that no token has")
	}
	return nil
}
