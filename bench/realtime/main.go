// Command realtime measures the realtime server: how long a message takes to
// reach every client, at several rates and numbers of connections, what that
// costs, and whether anything is lost, doubled, out of order or delivered to
// somebody else. It also measures when the last viewer of a team has a change. A bare echo server made of the same WebSocket library is
// measured in the same run, and each figure is also given as a ratio to it.
//
//	realtime            measure everything and print the table
//	realtime -seconds 5 -only sqlite,echo
//
// The servers run as processes of their own, on loopback. It needs Linux and
// redis-server.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
)

func main() { process.Main(run) }

func run(ctx context.Context) error {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == serveCommand {
		return serve(ctx, args[1:])
	}
	flags := flag.NewFlagSet("bench/realtime", flag.ContinueOnError)
	seconds := flags.Int("seconds", 8, "how long to send in each measurement")
	only := flags.String("only", "echo,sqlite,redis,team", "which servers to measure")
	idle := flags.Int("idle", 10_000, "how many idle connections")
	match := flags.String("run", "", "measure only shapes whose name contains this")
	rate := flags.Int("rate", 0, "measure only this number of actions per second")
	profile := flags.String("profile", "", "write CPU profiles of the servers to files that begin with this")
	if err := flags.Parse(args); err != nil {
		return err
	}
	m := &measurements{length: time.Duration(*seconds) * time.Second, idle: *idle, match: *match, rate: *rate, profile: *profile, progress: os.Stderr}
	for _, kind := range strings.Split(*only, ",") {
		if err := m.all(ctx, kind); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return m.print(os.Stdout)
}
