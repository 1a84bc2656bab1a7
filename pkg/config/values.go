package config

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// SourceKind is where running timers are read from.
type SourceKind string

// The values of TIMER_SOURCE.
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

// The values of AUTH_MODE. AuthUndecided is a Vercel
// deployment for which nobody has decided: it serves only health.
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

// TeamView says who may see the team.
type TeamView string

func (v *TeamView) UnmarshalText(b []byte) error {
	switch view := TeamView(strings.TrimSpace(string(b))); view {
	case "off", "admins", "all":
		*v = view
		return nil
	}
	return errors.New("must be off, admins or all")
}

// TeamHide is what only admins see of the team.
type TeamHide struct{ Comments, Issues bool }

func (h *TeamHide) UnmarshalText(b []byte) error {
	for part := range strings.SplitSeq(string(b), ",") {
		switch strings.TrimSpace(part) {
		case "comments":
			h.Comments = true
		case "issues":
			h.Issues = true
		case "":
		default:
			return errors.New("must be comments, issues, or both with a comma between")
		}
	}
	return nil
}

// KeyPrefix begins every key and channel in Redis. It has no
// characters with a meaning in patterns or message streams.
type KeyPrefix string

// Its length is not part of the expression, which would take long to compile.
const maxKeyPrefix = 64

var keyPrefix = regexp.MustCompile(`^[A-Za-z0-9:._-]*$`)

func (p *KeyPrefix) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	if len(text) > maxKeyPrefix || !keyPrefix.MatchString(text) {
		return errors.New("must be at most 64 letters, digits, colons, dots, dashes or underscores (acme: for one)")
	}
	*p = KeyPrefix(text)
	return nil
}

func (u *URL) UnmarshalText(b []byte) error {
	return u.parse(b, isLoopback, "this machine")
}

// UnmarshalText differs from URL's in which hosts may be http.
func (u *ServerURL) UnmarshalText(b []byte) error {
	return u.parse(b, isPrivate, "a private network")
}

func (u *URL) parse(b []byte, mayBePlain func(host string) bool, where string) error {
	text := strings.TrimRight(strings.TrimSpace(string(b)), "/")
	if text == "" {
		*u = URL{}
		return nil
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Hostname() == "" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return errors.New("must be an absolute address such as https://host/path")
	}
	if parsed.Scheme != "https" && (parsed.Scheme != "http" || !mayBePlain(parsed.Hostname())) {
		return errors.New("must begin with https:// (http:// is for " + where + " only)")
	}
	*u = URL{parsed}
	return nil
}

// isPrivate reports whether a host is not on the internet: a container's or a
// cluster's name, or an address of a private network.
func isPrivate(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	return !strings.Contains(host, ".") || slices.Contains([]string{"internal", "local", "lan", "localhost", "svc"}, last)
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

// DevServer is the address of an Inngest dev server; "" is none.
type DevServer string

// defaultDevServer is where it listens if it was not given another port.
const defaultDevServer = "http://127.0.0.1:8288"

// UnmarshalText reads what Inngest's SDKs document: 1 or true, 0 or false, or an
// address. They read any other word as "on", which would accept unsigned requests.
func (d *DevServer) UnmarshalText(b []byte) error {
	text := strings.TrimRight(strings.TrimSpace(string(b)), "/")
	switch strings.ToLower(text) {
	case "", "0", "false":
		*d = ""
		return nil
	case "1", "true":
		*d = defaultDevServer
		return nil
	}
	address := text
	if _, port, err := net.SplitHostPort(text); err == nil && port != "" && !strings.Contains(text, "://") {
		address = "http://" + text
	}
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must be 1, true, 0, false or the dev server's address, such as " + defaultDevServer)
	}
	*d = DevServer(address)
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

// Interval is a time between two syncs; 0 is off.
type Interval struct {
	time.Duration
	set bool // by the operator
}

const (
	defaultSyncInterval = time.Minute
	minSyncInterval     = 5 * time.Second
	maxSyncInterval     = 9 * time.Minute // after ten, timers count as stale
)

func (i *Interval) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	if text == "" {
		return nil
	}
	if text == "off" || text == "0" {
		*i = Interval{set: true}
		return nil
	}
	every, err := time.ParseDuration(text)
	if err != nil || every < minSyncInterval || every > maxSyncInterval {
		return errors.New("must be a duration from 5s to 9m, such as 60s, or off")
	}
	*i = Interval{every, true}
	return nil
}

// Proxies are networks of addresses.
type Proxies []netip.Prefix

func (p *Proxies) UnmarshalText(b []byte) error {
	var all Proxies
	for text := range strings.FieldsFuncSeq(string(b), func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		prefix, err := netip.ParsePrefix(text)
		if ip, bare := netip.ParseAddr(text); bare == nil {
			prefix, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil || prefix.Bits() == 0 || prefix.Addr().Is4In6() || prefix.Addr().Zone() != "" {
			return errors.New("must be addresses or networks, separated by commas, such as 10.0.0.5, 172.16.0.0/12; not all addresses")
		}
		all = append(all, prefix)
	}
	*p = all
	return nil
}

// Key is 32 bytes of key material.
type Key struct{ text secret.Text }

func (k *Key) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	if text == "" {
		*k = Key{}
		return nil
	}
	parts := strings.Split(text, ",")
	for _, part := range parts {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil || len(raw) != 32 || len(parts) > 2 {
			return errors.New("must be base64 of 32 bytes (openssl rand -base64 32), or two such keys, new,old")
		}
	}
	*k = Key{secret.New(text)}
	return nil
}

// IsZero reports whether no key is set.
func (k Key) IsZero() bool { return k.text.IsZero() }

// All returns the keys of 32 bytes, the current one first; nil if none is set,
// and never an empty key, with which everybody could seal.
func (k Key) All() [][]byte {
	if k.IsZero() {
		return nil
	}
	var keys [][]byte
	for part := range strings.SplitSeq(k.text.Reveal(), ",") {
		raw, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(part)) // checked by UnmarshalText
		keys = append(keys, raw)
	}
	return keys
}

// Bytes returns the current key's 32 bytes, or nil.
func (k Key) Bytes() []byte {
	if k.IsZero() {
		return nil
	}
	return k.All()[0]
}

func (k Key) String() string { return k.text.String() }

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
