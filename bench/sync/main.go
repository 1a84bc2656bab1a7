// Command sync prints what one sync costs: commands and round trips to
// Redis, requests to Clockwork and Jira, bytes and time, at three sizes of a
// team and over three ways to a Redis. Each run uses a process without any cache,
// like a new function. Clockwork, Jira and the REST API of Redis are
// stand-ins in the bench's own process, so the time includes theirs.
//
// Run it at the root of the checkout: go run ./bench/sync
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// repeats is how often each run is measured; the median time is printed.
const repeats = 3

// runs are made one after the other with the same Redis; the last one has a new
// Redis.
var runs = []string{"first", "unchanged", "1% changed", "half stopped", "first, slow"}

// slowness is how much longer each call to Clockwork and Jira takes in a slow run.
const slowness = 50 * time.Millisecond

// goals are for the largest team over TCP.
var goals = map[string]time.Duration{
	"first": 200 * time.Millisecond, "unchanged": 60 * time.Millisecond,
	"half stopped": 120 * time.Millisecond, "first, slow": 500 * time.Millisecond,
}

func goal(way string, timers int, name string) time.Duration {
	if way != "redis/TCP" || timers != sizes[len(sizes)-1].timers {
		return 0
	}
	return goals[name]
}

var sizes = []struct{ timers, users int }{{50, 20}, {500, 200}, {5000, 2000}}

func main() { process.Main(run) }

func run(ctx context.Context) error {
	app.LetHeapGrow() // as every function and cmd/server do
	printHeader(os.Stdout)
	var failed error // the first error; the table is still completed
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
					printRow(os.Stdout, way, size.timers, size.users, name, median(rows[name]), goal(way, size.timers, name))
				}
			}
		}
	}
	return failed
}

// median returns the run with the middle time. The counts are the same in all runs.
func median(of []figures) figures {
	slices.SortFunc(of, func(a, b figures) int { return int(a.took - b.took) })
	return of[len(of)/2]
}

// measure makes the runs on a new Redis, and the slow one on another.
func measure(ctx context.Context, way string, timers, users int, rows map[string][]figures) error {
	var own process.Cleanup
	defer own.Run()
	w, err := newWorld(ctx, &own, way, timers, users)
	if err != nil {
		return err
	}
	for _, name := range runs {
		switch name {
		case "1% changed":
			err = w.change(max(1, users/100))
		case "half stopped":
			err = w.stop(users / 2)
		case "first, slow":
			if w, err = newWorld(ctx, &own, way, timers, users); err == nil {
				w.box.Faults().Add(fault.Fault{Kind: fault.Delay, Delay: slowness})
			}
		}
		if err != nil {
			return err
		}
		f, err := w.sync(ctx)
		if err != nil {
			return err
		}
		rows[name] = append(rows[name], f)
		time.Sleep(2 * time.Millisecond) // times of fetches have milliseconds, and must differ
	}
	return nil
}
