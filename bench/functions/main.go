// Command functions builds the functions as a deployment would and prints what each
// costs: its size, the time from the start of its process to the first answer, and
// the time of further answers. Beside that it measures a function that only says
// hello, in the same run. The upstreams are stand-ins on this machine, so the times
// do not include a network.
//
// Run it at the root of the checkout: go run ./bench/functions
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/e2e/upstreams"
	"github.com/clockwork-timer/backend/e2e/vercel"
	"github.com/clockwork-timer/backend/pkg/apptest/requests"
)

// Goals for the functions of the timers, which are called most.
const (
	goalSize = 9.5 // MiB
	maxSize  = 10  // MiB; the run fails above it
	goalCold = 1.3 // times hello's cold start
)

func main() { process.Main(run) }

func run(ctx context.Context) error {
	tmp, err := os.MkdirTemp("", "clockwork-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	var c process.Cleanup
	defer c.Run()
	around := upstreams.Start(&c)

	targets, err := build(ctx, &c, tmp, around)
	if err != nil {
		return err
	}
	hello, err := buildHello(ctx, tmp)
	if err != nil {
		return err
	}
	printHeader(os.Stdout)
	var tooBig []string
	for _, g := range targets {
		f, base, err := g.measureBeside(ctx, hello)
		if err != nil {
			return err
		}
		printRow(os.Stdout, g, f, base)
		if strings.HasPrefix(g.name, "/api/timers") && mebibytes(g.size) > maxSize {
			tooBig = append(tooBig, g.name)
		}
	}
	fmt.Printf("\nhello is %.1f MiB. Goal for /api/timers*: at most %.1f MiB, and %.1f times hello's cold start.\n", mebibytes(hello.size), goalSize, goalCold)
	if tooBig != nil {
		return fmt.Errorf("over %d MiB: %s", maxSize, strings.Join(tooBig, ", "))
	}
	return nil
}

// build builds the functions, and gives each its first request that changes nothing
// and succeeds. If a function has none, its request has a wrong body, and the refusal
// is timed.
func build(ctx context.Context, c *process.Cleanup, tmp string, around *upstreams.Upstreams) ([]target, error) {
	cli, err := vercel.Install(ctx, filepath.Join("e2e", "vercel"), filepath.Join(tmp, "vercel"))
	if err != nil {
		return nil, err
	}
	tree, err := vercel.Tree(ctx, c, ".")
	if err != nil {
		return nil, err
	}
	out, err := cli.Build(ctx, tree)
	if err != nil {
		return nil, err
	}
	world, err := around.World()
	if err != nil {
		return nil, err
	}
	config, err := vercel.ReadConfig(".")
	if err != nil {
		return nil, err
	}
	var built []string
	for _, f := range out.Functions {
		built = append(built, f.Route)
	}
	all := requests.All(world)
	var targets []target
	for _, f := range out.Functions {
		g := target{name: f.Route, bootstrap: f.Bootstrap, size: f.Size, env: around.Env}
		g.env = append(slices.Clone(g.env), "INNGEST_DEV=http://127.0.0.1:9", "LOG_LEVEL=error", "RATE_LIMIT=off")
		own := slices.DeleteFunc(slices.Clone(all), func(r requests.Request) bool { return config.Function(r.Route, built) != f.Route })
		if len(own) == 0 {
			return nil, errors.New("package requests has no request for " + f.Route)
		}
		r := own[0]
		if i := slices.IndexFunc(own, func(r requests.Request) bool { return !r.Effect && r.Status == http.StatusOK }); i >= 0 {
			r = own[i]
		} else {
			r.Body, r.Status = `[]`, http.StatusBadRequest
		}
		g.status = r.Status
		g.request = func(ctx context.Context) (*http.Request, error) { return r.New(ctx, "http://bench.test") }
		targets = append(targets, g)
	}
	return targets, nil
}

// buildHello builds the function to compare with, with the flags that the Vercel CLI
// uses.
func buildHello(ctx context.Context, tmp string) (target, error) {
	bin := filepath.Join(tmp, "hello")
	_, err := process.Run(ctx, process.Command{Path: "go", Args: []string{
		"build", "-buildvcs=false", "-ldflags", "-s -w", "-o", bin, "./bench/functions/hello",
	}})
	if err != nil {
		return target{}, err
	}
	info, err := os.Stat(bin)
	if err != nil {
		return target{}, err
	}
	return target{
		name: "(hello)", bootstrap: bin, size: info.Size(), status: http.StatusOK,
		request: func(ctx context.Context) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, "http://bench.test/", nil)
		},
	}, nil
}
