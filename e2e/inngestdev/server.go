// Package inngestdev runs the real Inngest dev server, which is built from the Go
// tool of e2e/inngestserver, and reads its apps, events and runs. The server's state
// is in memory, and is lost at Stop.
package inngestdev

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/sandbox/freeport"
)

// tool is the dev server's package in the module e2e/inngestserver.
const tool = "github.com/inngest/inngest/cmd"

// Build builds the dev server in the module moduleDir (e2e/inngestserver) and returns
// the program's path. The first build takes about 4 minutes on two cores; later ones
// come from Go's build cache.
func Build(ctx context.Context, moduleDir string) (string, error) {
	out, err := process.Run(ctx, process.Command{Path: "go", Args: []string{"tool", "-n", tool}, Dir: moduleDir})
	if err != nil {
		return "", fmt.Errorf("build the Inngest dev server: %w", err)
	}
	// The output lists downloads before the path.
	lines := strings.Fields(out)
	return lines[len(lines)-1], nil
}

// Server is a running dev server.
type Server struct {
	// URL is the server's address, for INNGEST_DEV.
	URL string
}

// StartT starts the dev server for one test. Once a second it asks appURL, the
// address of an /api/inngest that may not run yet, for its functions. If appURL is
// "", it does not ask, and a PUT to the app makes the app register itself. Failed
// steps are retried after five seconds, in which a server can start. Inngest's
// default is 15 seconds and more.
func StartT(tb testing.TB, program, appURL string) *Server {
	tb.Helper()
	args := []string{"--retry-interval", "5", "--no-discovery"}
	if appURL == "" {
		args = append(args, "--no-poll")
	} else {
		args = append(args, "--poll-interval", "1", "--sdk-url", appURL)
	}
	return start(tb, program, "dev", args...)
}

// The keys of a server started by StartSelfHostedT.
const (
	EventKey   = "e2e-event-key-0123456789"
	SigningKey = "00112233445566778899aabbccddeeff"
)

// StartSelfHostedT starts the server as people host it themselves, by `inngest
// start`: with keys, and with its state in a folder of its own. Once a second it asks
// appURL, the address of an /api/inngest that may not run yet, to register, until
// that has worked.
func StartSelfHostedT(tb testing.TB, program, appURL string) *Server {
	tb.Helper()
	return start(tb, program, "start", "--event-key", EventKey, "--signing-key", SigningKey, "--sqlite-dir", tb.TempDir(),
		"--poll-interval", "1", "--sdk-url", appURL)
}

func start(tb testing.TB, program, command string, args ...string) *Server {
	tb.Helper()
	// The server has two more listeners, on ports 50052 and 50053, which no flag
	// changes. They serve its "connect" mode, which we do not use. If another server
	// has these ports, it works without them.
	ports, err := freeport.Find(2)
	if err != nil {
		tb.Fatal(err)
	}
	p := process.StartT(tb, process.Command{
		Path: program,
		Args: append([]string{command, "--host", "127.0.0.1", "--port", strconv.Itoa(ports[0]), "--connect-gateway-port", strconv.Itoa(ports[1])}, args...),
		Dir:  tb.TempDir(), // the server looks for inngest.json here and in the folders above
		Env:  []string{"DO_NOT_TRACK=1"},
	})
	s := &Server{URL: "http://127.0.0.1:" + strconv.Itoa(ports[0])}
	if err := p.Answers(tb.Context(), s.URL+"/health"); err != nil {
		tb.Fatal(err)
	}
	return s
}
