package app

import (
	"os"
	"runtime/debug"
)

// heapGrowth is how much garbage may gather before it is collected, in percent of
// the live heap. That heap is a few MiB, so at Go's default of 100 a busy server
// collects dozens of times a second, for a fifth of its CPU.
const heapGrowth = 400

// LetHeapGrow trades memory for CPU in a whole process: for programs, at their
// start. GOGC in the environment wins, and GOMEMLIMIT bounds it.
func LetHeapGrow() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}
