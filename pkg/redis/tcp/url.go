package tcp

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

const maxConnections = 1000

// The causes would quote the URL, which holds a password.
var (
	errURL  = errors.New("the Redis URL is not one: want redis://[user:password@]host:port[/db][?pool_size=n], or rediss:// for TLS")
	errPool = errors.New("the Redis URL asks for a pool_size that is not between 1 and " + strconv.Itoa(maxConnections))
)

// parseURL returns the server, and the pool_size, which is 0 if the URL has none.
func parseURL(text string) (s server, connections int, err error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Opaque != "" || u.Fragment != "" {
		return s, 0, errURL
	}
	host, port := cmp.Or(u.Hostname(), "localhost"), cmp.Or(u.Port(), "6379")
	s = server{address: net.JoinHostPort(host, port), tls: u.Scheme == "rediss", user: u.User.Username()}
	s.password, _ = u.User.Password()
	if path := strings.Trim(u.Path, "/"); path != "" {
		if s.database, err = strconv.Atoi(path); err != nil || s.database < 0 {
			return s, 0, errURL
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return s, 0, errURL
	}
	size := query["pool_size"]
	delete(query, "pool_size")
	if len(query) > 0 || len(size) > 1 {
		return s, 0, errURL
	}
	if len(size) == 1 {
		if connections, err = strconv.Atoi(size[0]); err != nil || connections < 1 || connections > maxConnections {
			return s, 0, errPool
		}
	}
	return s, connections, nil
}
