// Command monday prints what it costs if many people start and stop timers at
// the same time, on sites of three sizes, and what a read costs. Both are compared
// with a bare net/http handler, which is measured in the same run, and with goals.
//
// The servers are processes of their own; the load and the stand-ins for
// Clockwork and Jira are in this one, and Redis is a redis-server. All share the
// machine's cores, so the rates depend on all of them, but the CPU time is the
// server's alone. Rate limits are on, but too high to refuse anybody.
//
// Run it at the root of the checkout: go run ./bench/monday
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
)

// The loads. The goals are about goalPeople on a site with goalTimers.
var (
	sizes  = []int{500, 5_000, 50_000}
	crowds = []int{1, 16, 64, 256}
)

const goalTimers, goalPeople = 5_000, 64

func main() { process.Main(run) }

func run(ctx context.Context) error {
	flags := flag.NewFlagSet("monday", flag.ContinueOnError)
	serves := flags.String("serve", "", "be a server of this kind; the program starts itself so")
	profile := flags.String("profile", "", "write CPU profiles of the servers to files that begin with this")
	only := flags.Bool("goals", false, "measure only the loads that have a goal")
	length := flags.Duration("length", time.Second, "how long each load lasts")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	if *serves != "" {
		return serve(*serves, *profile)
	}
	fmt.Printf("%d cores, load average before: %s\n\n", runtime.NumCPU(), process.LoadAverage())
	refused, err := mondays(ctx, os.Stdout, *profile, *only, *length)
	if err != nil {
		return err
	}
	if err := reads(ctx, os.Stdout, *profile, *length); err != nil {
		return err
	}
	if refused > 0 {
		return fmt.Errorf("%d starts and stops were refused", refused)
	}
	return nil
}

// mondays measures each number of people on each site, and returns how many requests
// were refused.
func mondays(ctx context.Context, stdout io.Writer, profile string, only bool, length time.Duration) (refused int, err error) {
	printMondayHeader(stdout, length)
	for _, timers := range sizes {
		if only && timers != goalTimers {
			continue
		}
		n, err := monday(ctx, stdout, timers, profile, only, length)
		if err != nil {
			return 0, fmt.Errorf("%d timers: %w", timers, err)
		}
		refused += n
	}
	return refused, nil
}

// mondayLoad is one line of the table.
type mondayLoad struct {
	kind   string
	people []person
	busy   bool
	goal   bool
	tally
}

func monday(ctx context.Context, stdout io.Writer, timers int, profile string, only bool, length time.Duration) (refused int, err error) {
	var own process.Cleanup
	defer own.Run()
	w, err := newWorld(ctx, &own, timers)
	if err != nil {
		return 0, err
	}
	kinds := []string{kindBare, kindServer}
	if timers == goalTimers {
		kinds = append(kinds, kindEvents)
	}
	servers := map[string]*instance{}
	for _, kind := range kinds {
		if servers[kind], err = w.start(ctx, &own, kind, profile); err != nil {
			return 0, err
		}
	}
	for _, people := range crowds {
		goal := timers == goalTimers && people == goalPeople
		if only && !goal {
			continue
		}
		loads := []*mondayLoad{{kind: kindBare, people: w.people[:people]}, {kind: kindServer, people: w.people[:people], goal: goal}}
		if goal {
			loads = append(loads, &mondayLoad{kind: kindServer, people: w.busy, busy: true}, &mondayLoad{kind: kindEvents, people: w.people[:people]})
		}
		for range turns {
			for _, l := range loads {
				if err := load(ctx, servers[l.kind], l.people, length/turns, &l.tally); err != nil {
					return 0, fmt.Errorf("%s, %d people: %w", l.kind, people, err)
				}
			}
		}
		bare := loads[0].figures()
		for _, l := range loads {
			f := l.figures()
			printMonday(stdout, timers, l, f, bare)
			refused += f.refused
			if f.first != nil {
				fmt.Fprintln(stdout, "  the first refusal:", f.first)
			}
		}
	}
	return refused, nil
}
