// Command benchsync prints what one sync costs: commands and round trips to
// Redis, requests to Clockwork and Jira, bytes and time, at three sizes of a
// team and over three ways to a Redis. Each run is by a process that remembers
// nothing, as a function is. Clockwork, Jira and the REST face of Redis are
// stand-ins on this machine, in this process: the time is of both sides.
//
// Run it at the root of the checkout: go run ./e2e/benchsync
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// repeats is how often each run is measured; the median time is printed.
const repeats = 3

// runs are made one after the other on one Redis.
var runs = []string{"first", "unchanged", "1% changed"}

var sizes = []struct{ timers, users int }{{50, 20}, {500, 200}, {5000, 2000}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "benchsync:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	printHeader(os.Stdout)
	var failed error // the first; the table goes on
	for _, way := range []string{"redis/TCP", "redis/REST", "miniredis/REST"} {
		for _, size := range sizes {
			rows := map[string][]figures{}
			for range repeats {
				err := measure(ctx, way, size.timers, size.users, rows)
				if err != nil && failed == nil {
					failed = fmt.Errorf("%s, %d timers: %w", way, size.timers, err)
				}
			}
			for _, name := range runs {
				if len(rows[name]) > 0 {
					printRow(os.Stdout, way, size.timers, size.users, name, median(rows[name]))
				}
			}
		}
	}
	return failed
}

// median is the run whose time is in the middle: what it counts is the same in all.
func median(of []figures) figures {
	slices.SortFunc(of, func(a, b figures) int { return int(a.took - b.took) })
	return of[len(of)/2]
}

// measure makes a first, an unchanged and a changed run on a new Redis.
func measure(ctx context.Context, way string, timers, users int, rows map[string][]figures) error {
	var own cleanup
	defer own.run()
	w, err := newWorld(ctx, &own, way, timers, users)
	if err != nil {
		return err
	}
	for _, name := range runs {
		if name == "1% changed" {
			if err = w.change(max(1, users/100)); err != nil {
				return err
			}
		}
		f, err := w.sync(ctx)
		if err != nil {
			return err
		}
		rows[name] = append(rows[name], f)
		time.Sleep(2 * time.Millisecond) // a fetch's moment is told in milliseconds
	}
	return nil
}
