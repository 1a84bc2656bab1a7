// Package panics keeps a panic from ending the process: it becomes an error of
// the task in which it happened. A goroutine that has none of this ends
// everything, since nothing above it can recover.
package panics

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
)

// Error is a panic. Its text has the stack, so it is for the log only.
type Error struct {
	Value any
	Stack []byte
}

func (e *Error) Error() string { return fmt.Sprintf("panic: %v\n%s", e.Value, e.Stack) }

// Try calls f. A panic in it is an *Error.
func Try(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Error{value, debug.Stack()}
		}
	}()
	return f()
}

// Guard is f with Try around it, for an errgroup.
func Guard(f func() error) func() error { return func() error { return Try(f) } }

// Into calls f and sets err to what it returns, for a WaitGroup.
func Into(err *error, f func() error) func() { return func() { *err = Try(f) } }

// Logged calls f and logs its panic, for a goroutine that nobody waits for.
func Logged(log *slog.Logger, task string, f func()) func() {
	return func() {
		if err := Try(func() error { f(); return nil }); err != nil {
			log.Error("a task ended by a panic", "task", task, "error", err)
		}
	}
}

// Group is a WaitGroup that logs the panics of its goroutines.
type Group struct {
	sync.WaitGroup
	Log  *slog.Logger
	Task string
}

// Go calls f in a goroutine.
func (g *Group) Go(f func()) { g.WaitGroup.Go(Logged(g.Log, g.Task, f)) }
