package process

import (
	"fmt"
	"slices"
)

// Cleanup replaces testing.TB for stand-ins that a program starts. The zero value is
// ready for use.
type Cleanup struct{ funcs []func() }

// Helper does nothing, because there is no test log.
func (c *Cleanup) Helper() {}

// Cleanup registers f to be called at the end, last first.
func (c *Cleanup) Cleanup(f func()) { c.funcs = append(c.funcs, f) }

// Fatalf panics: a stand-in could not be started.
func (c *Cleanup) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Run calls the registered functions, the last first.
func (c *Cleanup) Run() {
	for _, f := range slices.Backward(c.funcs) {
		f()
	}
}
