// Package child runs the servers of a benchmark as processes of their own: it
// starts the benchmark's program again, which calls Serve. It needs Linux.
package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Process is a running server.
type Process struct {
	Addr string // host:port

	cmd   *exec.Cmd
	stdin io.Closer
}

// Start starts this program with other arguments. A nil env is this program's own.
func Start(ctx context.Context, env []string, args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env, cmd.Stderr = env, os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("server %v did not start: %w", args, err), cmd.Wait())
	}
	return &Process{strings.TrimSpace(addr), cmd, stdin}, nil
}

// Stop ends the server, and waits for it.
func (p *Process) Stop() error { return errors.Join(p.stdin.Close(), p.cmd.Wait()) }

// CPU returns the CPU time that the server has used (getrusage).
func (p *Process) CPU(ctx context.Context) (time.Duration, error) {
	n, err := p.ask(ctx, cpuPath)
	return time.Duration(n), err
}

// Memory returns the server's resident memory after a garbage collection, in bytes.
func (p *Process) Memory(ctx context.Context) (int64, error) { return p.ask(ctx, memoryPath) }

func (p *Process) ask(ctx context.Context, path string) (int64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Addr+path, nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(text), 10, 64)
}
