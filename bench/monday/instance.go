package main

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

	"github.com/clockwork-timer/backend/e2e/process"
)

// instance is a server process.
type instance struct {
	url  string
	http *http.Client
}

// start starts this program as a server until the cleanup. It has the world's
// environment and no other.
func (w *world) start(ctx context.Context, c *process.Cleanup, kind, profile string) (*instance, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if profile != "" {
		profile += "-" + strings.ReplaceAll(kind, " ", "-") + "-" + strconv.Itoa(w.timers) + ".pprof"
	}
	cmd := exec.CommandContext(ctx, self, "-serve", kind, "-profile", profile)
	cmd.Env, cmd.Stderr = w.environ(kind), os.Stderr
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
		return nil, errors.Join(fmt.Errorf("server %s did not start: %w", kind, err), cmd.Wait())
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}, Timeout: 30 * time.Second}
	c.Cleanup(func() {
		client.CloseIdleConnections()
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	return &instance{"http://" + strings.TrimSpace(addr), client}, nil
}

// cpu is the CPU time that the process has had (getrusage).
func (i *instance) cpu(ctx context.Context) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, i.url+usagePath, nil)
	if err != nil {
		return 0, err
	}
	_, body, err := i.do(r)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(body), 10, 64)
	return time.Duration(n), err
}

func (i *instance) do(r *http.Request) (status int, body []byte, err error) {
	answer, err := i.http.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}
