// Package process starts programs for the end-to-end tests, keeps what they print,
// and stops them together with everything that they started. It restarts nothing.
package process

import (
	"cmp"
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
	Path string   // program, looked up in PATH if it has no slash
	Args []string // without the program's name
	Dir  string   // working directory; "" is the caller's
	Env  []string // NAME=value, added to the caller's environment; replaces its values

	// BareEnv removes the caller's environment, so that the program has only Env.
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

// ErrKilled is returned by Stop if the program did not end within its grace period.
var ErrKilled = errors.New("did not stop on SIGTERM and was killed")

// Start starts the program in a process group of its own.
// The caller must call Stop.
func Start(c Command) (*Process, error) {
	cmd := c.exec()
	p := &Process{
		name:   filepath.Base(c.Path),
		cmd:    cmd,
		output: &tail{},
		grace:  cmp.Or(c.Grace, 10*time.Second),
		exited: make(chan struct{}),
	}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		p.err = cmd.Wait()
		if errors.Is(p.err, exec.ErrWaitDelay) {
			p.err = nil // status 0, but a child still runs: Stop kills it
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
	// A group of its own, because the Vercel CLI and npm start children that do not
	// get a signal to the parent.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A child that inherited the output must not stop Wait from returning. The delay
	// leaves time to read what the program itself printed.
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// StartT starts the program for one test. It is stopped when the test ends, and if
// the test failed its output is logged.
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

// Run runs the program to its end and returns what it printed. If ctx ends before,
// the program is stopped. The error of a failed run contains the output.
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

// Err is the result of os/exec: nil for status 0. It may be called only after Exited
// is closed.
func (p *Process) Err() error { return p.err }

// Pid is the program's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Signal sends the signal to the program alone, not to its children.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Stop sends SIGTERM to the program, waits for it to end, and then kills what is left
// of its process group. It returns ErrKilled if the program had to be killed. It may
// be called twice.
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

// killGroup kills what the program left running. The group's id is the program's own.
// Usually the group does not exist any more.
func (p *Process) killGroup() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
