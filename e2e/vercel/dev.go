package vercel

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
)

// DevT starts "vercel dev" in dir, a copy of the tree, for one test, and
// returns its base URL once it answers. It reads dir/.env. It compiles a
// function anew for each request, so the first answer of a route takes long.
func (c CLI) DevT(tb testing.TB, dir string) string {
	tb.Helper()
	// One port for the site, three for local stand-ins of services we do not use.
	ports, err := process.FreePorts(4)
	if err != nil {
		tb.Fatal(err)
	}
	port := func(i int) string { return strconv.Itoa(ports[i]) }
	p := process.StartT(tb, c.command(dir, "dev",
		"--local", "--yes",
		"--listen", "127.0.0.1:"+port(0),
		"--queue-port", port(1),
		"--runtime-cache-port", port(2),
		"--schedules-port", port(3),
	))
	base := "http://127.0.0.1:" + port(0)
	ctx, cancel := context.WithTimeout(tb.Context(), 2*time.Minute)
	defer cancel()
	if err := p.Answers(ctx, base+"/"); err != nil {
		tb.Fatal(err)
	}
	return base
}
