package process

import (
	"fmt"
	"slices"
)

// Cleanup stands in for a test towards the stand-ins, in a program. The zero
// value is ready.
type Cleanup struct{ funcs []func() }

// Helper does nothing: there is no test log.
func (c *Cleanup) Helper() {}

// Cleanup registers f to be called at the end, last first.
func (c *Cleanup) Cleanup(f func()) { c.funcs = append(c.funcs, f) }

// Fatalf ends the program: the stand-ins could not be started.
func (c *Cleanup) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Run calls what was registered.
func (c *Cleanup) Run() {
	for _, f := range slices.Backward(c.funcs) {
		f()
	}
}
