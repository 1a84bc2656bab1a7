// Command attack treats a real server as bad networks, bursts and hostile clients
// would, and prints the results beside the goals. It fails if a goal is missed.
// Each attack has a file of its own and a line in attacks; it starts what it
// needs and stops it.
//
// Run it at the root of the checkout: go run ./bench/attack [NAME...]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
)

// attack is one attack. It may take a minute or two.
type attack struct {
	name string
	run  func(ctx context.Context, l *lab) ([]figure, error)
}

var attacks = []attack{
	{"redis-burst", redisBurst},
	{"redis-load", redisLoad},
	{"redis-dead-connections", redisDeadConnections},
	{"long-polls", longPolls},
	{"login-lockout", loginLockout},
	{"forged-inngest", forgedInngest},
	{"connections", connections},
	{"unknown-issues", unknownIssues},
	{"rate-limits", rateLimits},
	{"slow-query", slowQuery},
}

// attackLimit is how long one attack may take.
const attackLimit = 3 * time.Minute

// figure is a measured value and its goal.
type figure struct {
	what, got, goal string
	met             bool
}

func main() { process.Main(run) }

func run(ctx context.Context) error {
	names := os.Args[1:]
	for _, name := range names {
		if !slices.ContainsFunc(attacks, func(a attack) bool { return a.name == name }) {
			return fmt.Errorf("there is no attack %q", name)
		}
	}
	tmp, err := os.MkdirTemp("", "clockwork-attack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	program, err := process.Build(ctx, ".", "./cmd/server", false)
	if err != nil {
		return err
	}
	var failed error
	fmt.Printf("%-24s %-52s %14s  %-20s\n", "attack", "", "measured", "goal")
	for _, a := range attacks {
		if len(names) > 0 && !slices.Contains(names, a.name) {
			continue
		}
		figures, err := a.once(ctx, program, tmp)
		for _, f := range figures {
			verdict := ""
			if !f.met {
				verdict = "MISSED"
				err = errors.Join(err, fmt.Errorf("%s: %s", a.name, f.what))
			}
			fmt.Printf("%-24s %-52s %14s  %-20s %s\n", a.name, f.what, f.got, f.goal, verdict)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

func (a attack) once(ctx context.Context, program, tmp string) ([]figure, error) {
	ctx, cancel := context.WithTimeout(ctx, attackLimit)
	defer cancel()
	l := &lab{program: program, dir: tmp}
	defer l.Run()
	figures, err := a.run(ctx, l)
	if err != nil {
		return figures, fmt.Errorf("%s: %w", a.name, err)
	}
	return figures, nil
}
