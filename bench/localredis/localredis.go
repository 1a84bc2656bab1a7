// Package localredis starts a redis-server for a program that measures. Tests
// have package redisserver.
package localredis

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/sandbox/freeport"
)

// Start runs one without persistence until the cleanup, and returns its host:port
// once it answers.
func Start(ctx context.Context, c *process.Cleanup) (string, error) {
	ports, err := freeport.Find(1)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "clockwork-bench-")
	if err != nil {
		return "", err
	}
	c.Cleanup(func() { _ = os.RemoveAll(dir) })
	p, err := process.Start(process.Command{Path: "redis-server", Dir: dir, Args: []string{
		"--port", strconv.Itoa(ports[0]), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
	}})
	if err != nil {
		return "", fmt.Errorf("start redis-server: %w", err)
	}
	c.Cleanup(func() { _ = p.Stop() })
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	return addr, process.Until(ctx, "redis-server", func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}
