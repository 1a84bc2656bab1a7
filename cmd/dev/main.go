// Command dev runs the whole product on this machine, with no account and no other
// server: sandbox upstreams, an embedded Redis, every route on one port. It answers
// this machine only, and writes no file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"

	"github.com/clockwork-timer/backend/cmd/listen"
	"github.com/clockwork-timer/backend/pkg/config"
)

const (
	host        = "127.0.0.1"
	defaultPort = 3000
	portsToTry  = 20
)

func main() {
	ctx, stop := listen.UntilSignal()
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	given := config.Environ(environ)
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	flags.SetOutput(stderr)
	port := flags.Int("port", portOf(given), "port to serve on; if it is taken, the next free one")
	printEnv := flags.Bool("env", false, "print the variables that point other programs at a running dev, for vercel dev's .env")
	redis := flags.String("redis", "", "host:port of a Redis to use instead of the embedded one")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *printEnv {
		return printVariables(ctx, stdout, *port)
	}
	listener, err := freePort(*port)
	if err != nil {
		return err
	}
	w, err := newWorld("http://"+listener.Addr().String(), *redis, given, stderr)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer w.close()
	return w.run(ctx, listener, stdout)
}

func portOf(environ map[string]string) int {
	if port, err := strconv.Atoi(environ["PORT"]); err == nil && port > 0 {
		return port
	}
	return defaultPort
}

// freePort listens on port, or on the next free one of portsToTry.
func freePort(port int) (net.Listener, error) {
	var err error
	for p := port; p < port+portsToTry; p++ {
		var l net.Listener
		if l, err = listen.On(host, p); err == nil {
			return l, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, err
}

// printVariables asks the running dev for its variables: only it knows the
// credentials that its sandbox made up.
func printVariables(ctx context.Context, stdout io.Writer, port int) error {
	url := fmt.Sprintf("http://%s:%d%s", host, port, envPath)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("nothing serves port %d: start `go run ./cmd/dev` first, or name its port with --port", port)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the program on port %d is not dev", port)
	}
	_, err = io.Copy(stdout, io.LimitReader(response.Body, 64<<10))
	return err
}
