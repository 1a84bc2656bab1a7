// Package redisserver runs a real redis-server process for a test or a benchmark.
// It looks for the program in PATH. Nothing is stored on disk.
package redisserver

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/sandbox/freeport"
)

const (
	startLimit = 10 * time.Second
	poll       = 5 * time.Millisecond
	attempts   = 5 // another process may take the free port first
)

// TB is the part of testing.TB that Start needs.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start runs redis-server on a free loopback port, without persistence, and returns
// its host:port when it answers. Extra arguments are passed to the program
// ("--requirepass", "x"). It stops at the end of the test. If the program is missing,
// the test fails; it is not skipped.
func Start(t TB, args ...string) (addr string) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("redis-server is needed for this test (Debian package redis-server): %v", err)
	}
	for range attempts {
		addr, err = start(t, program, args)
		if err == nil {
			return addr
		}
	}
	t.Fatalf("start redis-server: %v", err)
	return ""
}

func start(t TB, program string, args []string) (string, error) {
	dir, err := os.MkdirTemp("", "redis-server-")
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ports, err := freeport.Find(1)
	if err != nil {
		return "", err
	}
	port := strconv.Itoa(ports[0])
	base := []string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no"}
	var output bytes.Buffer
	cmd := exec.Command(program, append(base, args...)...)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return "", err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // stop kills it, or awaitPong reports that it ended
	}()
	stop := func() {
		_ = cmd.Process.Kill()
		<-exited
	}
	addr := net.JoinHostPort("127.0.0.1", port)
	if err := awaitPong(addr, exited); err != nil {
		stop()
		return "", fmt.Errorf("%w; its output: %s", err, output.String())
	}
	t.Cleanup(stop)
	return addr, nil
}

func awaitPong(addr string, exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if answers(addr) {
			return nil
		}
		select {
		case <-exited:
			return fmt.Errorf("redis-server ended at once")
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer after %s", startLimit)
		case <-tick.C:
		}
	}
}

// answers reports whether the server answers PING. A server with a password answers
// NOAUTH, which counts too.
func answers(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(time.Second)) != nil {
		return false
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line := make([]byte, 64)
	n, err := conn.Read(line)
	said := string(line[:n])
	return err == nil && (strings.HasPrefix(said, "+PONG") || strings.HasPrefix(said, "-NOAUTH"))
}
