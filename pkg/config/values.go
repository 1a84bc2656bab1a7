package config

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// SourceKind is where running timers are read from.
type SourceKind string

// The sources of the contract's TIMER_SOURCE.
const (
	SourceAuto    SourceKind = "auto"
	SourceConnect SourceKind = "connect"
	SourceForge   SourceKind = "forge"
)

func (k *SourceKind) UnmarshalText(b []byte) error {
	switch v := SourceKind(strings.TrimSpace(string(b))); v {
	case SourceAuto, SourceConnect, SourceForge:
		*k = v
		return nil
	}
	return errors.New("must be auto, connect or forge")
}

// AuthMode says whether a caller needs a bearer token.
type AuthMode string

// The modes of the contract's AUTH_MODE. AuthUndecided is a Vercel
// deployment on which nobody chose: it serves nothing but health.
const (
	AuthRequired  AuthMode = "required"
	AuthOpen      AuthMode = "open"
	AuthUndecided AuthMode = ""
)

func (m *AuthMode) UnmarshalText(b []byte) error {
	switch v := AuthMode(strings.TrimSpace(string(b))); v {
	case AuthRequired, AuthOpen, AuthUndecided:
		*m = v
		return nil
	}
	return errors.New("must be required or open")
}

// KeyPrefix begins every key and channel in Redis. It has none of the
// characters that mean something in a pattern or on a stream of messages.
type KeyPrefix string

var keyPrefix = regexp.MustCompile(`^[A-Za-z0-9:._-]{0,64}$`)

func (p *KeyPrefix) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	if !keyPrefix.MatchString(text) {
		return errors.New("must be at most 64 letters, digits, colons, dots, dashes or underscores (acme: for one)")
	}
	*p = KeyPrefix(text)
	return nil
}

func (u *URL) UnmarshalText(b []byte) error {
	text := strings.TrimRight(strings.TrimSpace(string(b)), "/")
	if text == "" {
		*u = URL{}
		return nil
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return errors.New("must be an absolute address such as https://host/path")
	}
	if parsed.Scheme != "https" && (parsed.Scheme != "http" || !isLoopback(parsed.Hostname())) {
		return errors.New("must begin with https:// (http:// is for this machine only)")
	}
	*u = URL{parsed}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (l *Location) UnmarshalText(b []byte) error {
	loc, err := time.LoadLocation(strings.TrimSpace(string(b)))
	if err != nil {
		return errors.New("must be an IANA time zone such as Europe/Berlin")
	}
	*l = Location{loc}
	return nil
}

// Switch is on or off.
type Switch bool

func (s *Switch) UnmarshalText(b []byte) error {
	switch strings.TrimSpace(string(b)) {
	case "on":
		*s = true
	case "off":
		*s = false
	default:
		return errors.New("must be on or off")
	}
	return nil
}

// Key is 32 bytes of key material.
type Key struct{ bytes secret.Text }

func (k *Key) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	if text == "" {
		*k = Key{}
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != 32 {
		return errors.New("must be base64 of 32 bytes: openssl rand -base64 32")
	}
	*k = Key{secret.New(text)}
	return nil
}

// IsZero reports whether no key is set.
func (k Key) IsZero() bool { return k.bytes.IsZero() }

// Bytes returns the 32 bytes, or nil.
func (k Key) Bytes() []byte {
	if k.IsZero() {
		return nil // and not an empty key, with which everybody can sign
	}
	raw, _ := base64.StdEncoding.DecodeString(k.bytes.Reveal()) // checked by UnmarshalText
	return raw
}

func (k Key) String() string { return k.bytes.String() }

// Port is a TCP port to listen on; 0 lets the system choose.
type Port int

func (p *Port) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 16)
	if err != nil {
		return errors.New("must be a port number")
	}
	*p = Port(n)
	return nil
}

// Level is the least severe level that is logged.
type Level struct{ slog.Level }

func (l *Level) UnmarshalText(b []byte) error {
	if err := l.Level.UnmarshalText([]byte(strings.TrimSpace(string(b)))); err != nil {
		return errors.New("must be debug, info, warn or error")
	}
	return nil
}

// origin reports whether text is an origin as browsers send it.
func origin(text string) bool {
	scheme, host, found := strings.Cut(text, "://")
	u, err := url.Parse(text)
	return found && scheme != "" && host != "" && err == nil && u.Host == host && !strings.Contains(host, "*") && u.User == nil
}
