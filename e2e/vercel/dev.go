package vercel

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/sandbox/freeport"
)

// Site is the address at which a "vercel dev" will listen.
type Site struct {
	URL string
	// ports are one for the site, and three for local stand-ins of services that
	// we do not use.
	ports []int
}

// NewSite finds free ports for one test.
func NewSite(tb testing.TB) Site {
	tb.Helper()
	ports, err := freeport.Find(4)
	if err != nil {
		tb.Fatal(err)
	}
	return Site{URL: "http://127.0.0.1:" + strconv.Itoa(ports[0]), ports: ports}
}

// DevT starts "vercel dev" in dir, a copy of the tree, for one test, and waits until
// it answers. "vercel dev" reads dir/.env. It compiles a function for each request,
// so an answer takes seconds; it compiles a server once, before the first request.
func (c CLI) DevT(tb testing.TB, dir string, s Site) {
	tb.Helper()
	port := func(i int) string { return strconv.Itoa(s.ports[i]) }
	p := process.StartT(tb, c.command(dir, "dev",
		"--local", "--yes",
		"--listen", "127.0.0.1:"+port(0),
		"--queue-port", port(1),
		"--runtime-cache-port", port(2),
		"--schedules-port", port(3),
	))
	ctx, cancel := context.WithTimeout(tb.Context(), 6*time.Minute)
	defer cancel()
	if err := p.Answers(ctx, s.URL+"/"); err != nil {
		tb.Fatal(err)
	}
}
