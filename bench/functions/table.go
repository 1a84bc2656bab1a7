package main

import (
	"fmt"
	"io"
	"time"
)

func printHeader(w io.Writer) {
	fmt.Fprintf(w, "%d cold starts, %d warm requests each; × is the ratio to hello\n\n", coldStarts, warmRequests)
	fmt.Fprintf(w, "%-24s %8s %6s | %9s %6s %9s | %9s %6s %9s\n",
		"function", "MiB", "status", "cold p50", "×", "p95", "warm p50", "×", "p95")
}

func printRow(w io.Writer, g target, f, base figures) {
	fmt.Fprintf(w, "%-24s %8.1f %6s | %9s %6s %9s | %9s %6s %9s\n",
		g.name, mebibytes(g.size), fmt.Sprint(g.status),
		ms(f.cold.p50), ratio(f.cold, base.cold), ms(f.cold.p95),
		ms(f.warm.p50), ratio(f.warm, base.warm), ms(f.warm.p95))
}

func mebibytes(size int64) float64 { return float64(size) / (1 << 20) }

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) }

func ratio(s, base spread) string { return fmt.Sprintf("%.2f", float64(s.p50)/float64(base.p50)) }
