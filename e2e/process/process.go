// Package process starts the programs that the end-to-end tests talk to, keeps
// what they print, and ends them together with everything they started. It is
// not a general supervisor: nothing is restarted.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Command says what to start. Path is required.
type Command struct {
	Path string   // program, looked up in PATH when it has no slash
	Args []string // without the program's name
	Dir  string   // working directory; "" is the caller's
	Env  []string // NAME=value, added to the caller's environment and stronger than it

	// BareEnv leaves the caller's environment out, so that only Env is seen.
	BareEnv bool
	// Grace is how long Stop waits after SIGTERM before it kills; 0 means 10 s.
	Grace time.Duration
}

// Process is a started program. Its methods are safe for concurrent use.
type Process struct {
	name   string
	cmd    *exec.Cmd
	output *tail
	grace  time.Duration
	exited chan struct{} // closed when the program has ended and err is set
	err    error
}

// ErrKilled is what Stop returns when the program outlived its grace period.
var ErrKilled = errors.New("did not stop on SIGTERM and was killed")

// Start starts the program in a process group of its own.
// The caller must call Stop.
func Start(c Command) (*Process, error) {
	cmd := c.exec()
	p := &Process{
		name:   filepath.Base(c.Path),
		cmd:    cmd,
		output: &tail{},
		grace:  c.Grace,
		exited: make(chan struct{}),
	}
	if p.grace == 0 {
		p.grace = 10 * time.Second
	}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		p.err = cmd.Wait()
		if errors.Is(p.err, exec.ErrWaitDelay) {
			p.err = nil // status 0, but a child lives on: Stop sees to it
		}
		close(p.exited)
	}()
	return p, nil
}

func (c Command) exec() *exec.Cmd {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir = c.Dir
	if !c.BareEnv {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, c.Env...)
	// A group of its own, because the Vercel CLI and npm start children that a
	// signal to the parent alone would leave behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A child that inherited the output must not keep Wait from returning; what
	// the program itself printed has to be read before.
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// StartT starts the program for one test: it is stopped when the test ends, and
// what it printed is shown if the test failed.
func StartT(tb testing.TB, c Command) *Process {
	tb.Helper()
	p, err := Start(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = p.Stop()
		if tb.Failed() {
			tb.Logf("output of %s:\n%s", p.name, p.Output())
		}
	})
	return p
}

// Run runs the program to its end and returns what it printed. It is killed
// when ctx ends. The error of a failed run holds the output.
func Run(ctx context.Context, c Command) (string, error) {
	p, err := Start(c)
	if err != nil {
		return "", err
	}
	select {
	case <-p.exited:
	case <-ctx.Done():
		_ = p.Stop()
		return p.Output(), fmt.Errorf("run %s: %w; it printed:\n%s", p.name, ctx.Err(), p.Output())
	}
	if p.err != nil {
		return p.Output(), fmt.Errorf("run %s: %w; it printed:\n%s", p.name, p.err, p.Output())
	}
	return p.Output(), nil
}

// Output returns the end of what the program printed so far, at most 256 KiB.
func (p *Process) Output() string { return p.output.String() }

// Exited is closed once the program has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Err is the program's end as os/exec tells it: nil for status 0. It may be
// called only after Exited is closed.
func (p *Process) Err() error { return p.err }

// Pid is the program's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Signal sends the signal to the program alone, not to its children.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Stop sends SIGTERM to the program, waits for it to end, and then kills what
// is left of its process group. It returns ErrKilled when the program had to be
// killed, else nil, and may be called twice.
func (p *Process) Stop() error {
	defer p.killGroup()
	select {
	case <-p.exited:
		return nil
	default:
	}
	_ = p.Signal(syscall.SIGTERM)
	patience := time.NewTimer(p.grace)
	defer patience.Stop()
	select {
	case <-p.exited:
		return nil
	case <-patience.C:
		p.killGroup()
		<-p.exited
		return fmt.Errorf("%s %w", p.name, ErrKilled)
	}
}

// killGroup kills what the program left running. The group's id is the
// program's own; no such group is the normal case.
func (p *Process) killGroup() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
