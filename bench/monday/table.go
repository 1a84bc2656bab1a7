package main

import (
	"fmt"
	"io"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
)

// Goals, on two cores.
const (
	goalP99   = 50 * time.Millisecond
	goalCPU   = 600 * time.Microsecond
	goalShare = 0.5 // of the bare handler's rate
)

func printMondayHeader(w io.Writer, length time.Duration) {
	fmt.Fprintf(w, "Everybody starts and stops alternately, %s for each line. × is the ratio to the bare handler, which makes\n", length)
	fmt.Fprintf(w, "the same call to Clockwork and one SET. Nothing of theirs runs before, but two or three timers of those who\n")
	fmt.Fprintf(w, "are busy. Goals at %d people on %d timers: p99 %s, CPU %s, × %.1f.\n\n",
		goalPeople, goalTimers, ms(goalP99), ms(goalCPU), goalShare)
	fmt.Fprintf(w, "%8s %7s %-12s | %9s %6s | %10s %10s | %9s %6s | %7s\n",
		"timers", "people", "server", "acts/s", "×", "p50", "p99", "CPU each", "×", "refused")
}

func printMonday(w io.Writer, timers int, l *mondayLoad, f, bare figures) {
	kind := l.kind
	if l.busy {
		kind += ", busy"
	}
	share := f.rate / bare.rate
	note := ""
	if l.goal {
		note = " | " + verdict("p99", f.p99 <= goalP99) + ", " + verdict("CPU", f.cpu <= goalCPU) + ", " + verdict("rate", share >= goalShare)
	}
	fmt.Fprintf(w, "%8d %7d %-12s | %9.0f %6.2f | %10s %10s | %9s %6.1f | %7d%s\n",
		timers, len(l.people), kind, f.rate, share, ms(f.p50), ms(f.p99), ms(f.cpu), float64(f.cpu)/float64(bare.cpu), f.refused, note)
}

func printReadHeader(w io.Writer, length time.Duration) {
	fmt.Fprintf(w, "\nReads of timers and issues, %d at once, %s each; load average %s\n\n", readers, length, process.LoadAverage())
	fmt.Fprintf(w, "%-24s %-10s | %9s | %10s %10s | %9s %6s\n", "read", "server", "reads/s", "p50", "p99", "CPU each", "×")
}

func printRead(w io.Writer, r read, f, bare figures) {
	times := float64(f.cpu) / float64(bare.cpu)
	note := ""
	switch {
	case r.goal > 0:
		note = " | " + verdict("at most "+ms(r.goal), f.cpu <= r.goal)
	case r.times > 0:
		note = " | " + verdict(fmt.Sprintf("at most %.1f×", r.times), times <= r.times)
	}
	fmt.Fprintf(w, "%-24s %-10s | %9.0f | %10s %10s | %9s %6.2f%s\n", r.name, r.kind, f.rate, ms(f.p50), ms(f.p99), ms(f.cpu), times, note)
}

func verdict(goal string, reached bool) string {
	if reached {
		return goal + " reached"
	}
	return goal + " MISSED"
}

func ms(d time.Duration) string { return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond)) }
