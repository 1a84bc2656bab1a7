package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/e2e/upstreams"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/sandbox/freeport"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/tcpproxy"
)

// lab starts the servers that an attack needs, and stops them at its end.
type lab struct {
	process.Cleanup
	program, dir string
}

// until waits until holds returns true.
func (l *lab) until(ctx context.Context, what string, holds func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// server is a running cmd/server, with a Redis behind a proxy.
type server struct {
	url   string
	proxy *tcpproxy.Proxy
	redis *redis.Client // a connection without the proxy
	up    *upstreams.Upstreams
	http  *http.Client
	pid   int
}

// server starts a server with a synced cache. Variables are NAME=value.
func (l *lab) server(ctx context.Context, variables ...string) (*server, error) {
	addr := redisserver.Start(&l.Cleanup)
	var err error
	s := &server{up: upstreams.Start(&l.Cleanup), http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2000}, Timeout: time.Minute}}
	if s.proxy, err = tcpproxy.Start(addr); err != nil {
		return nil, err
	}
	l.Cleanup.Cleanup(s.proxy.Close)
	if s.redis, err = tcp.New("redis://"+addr, redis.Options{}); err != nil {
		return nil, err
	}
	l.Cleanup.Cleanup(func() { _ = s.redis.Close() })
	ports, err := freeport.Find(1)
	if err != nil {
		return nil, err
	}
	env := append(slices.DeleteFunc(slices.Clone(s.up.Env), func(v string) bool { return strings.HasPrefix(v, "UPSTASH_") }),
		"REDIS_URL=redis://"+s.proxy.Addr(), "PORT="+strconv.Itoa(ports[0]), "DATABASE_URL=redis", "RATE_LIMIT=off", "LOG_LEVEL=error")
	env = append(env, variables...)
	if _, err := process.Run(ctx, process.Command{Path: l.program, Args: []string{"sync"}, Dir: l.dir, Env: env}); err != nil {
		return nil, err
	}
	p, err := process.Start(process.Command{Path: l.program, Dir: l.dir, Env: env})
	if err != nil {
		return nil, err
	}
	l.Cleanup.Cleanup(func() { _ = p.Stop() })
	s.pid = p.Pid()
	s.url = "http://127.0.0.1:" + strconv.Itoa(ports[0])
	return s, l.until(ctx, "the server answers", func() bool { return s.status(ctx, "/api/health") == http.StatusOK })
}

// status requests a path and returns the status, or 0 if there was no answer.
func (s *server) status(ctx context.Context, path string) int {
	status, _, _ := s.get(ctx, path, "")
	return status
}

func (s *server) get(ctx context.Context, path, etag string) (status int, header http.Header, body []byte) {
	return s.send(ctx, http.MethodGet, path, "", "If-None-Match", etag)
}

// send sends a request with pairs of header names and values. A pair without a value
// is left out.
func (s *server) send(ctx context.Context, method, path, text string, headers ...string) (status int, header http.Header, body []byte) {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(text))
	if err != nil {
		return 0, nil, nil
	}
	r.Header.Set("Content-Type", "application/json")
	for pair := range slices.Chunk(headers, 2) {
		if pair[1] != "" {
			r.Header.Set(pair[0], pair[1])
		}
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return 0, nil, nil
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	if err != nil {
		return 0, nil, nil
	}
	return answer.StatusCode, answer.Header, body
}

// proxied lets a client choose its address by X-Forwarded-For.
const proxied = "TRUSTED_PROXIES=127.0.0.1"

// from returns the address number n, for X-Forwarded-For.
func from(n int) string { return fmt.Sprintf("198.51.%d.%d", n/250, 1+n%250) }

// cpu is the CPU time that the server has used.
func (s *server) cpu() time.Duration {
	const ticks = 100 // per second (USER_HZ of Linux)
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticks
}

// memory is the server's resident memory, in MiB.
func (s *server) memory() int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.pid))
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize() >> 20
}

// check returns the state of one dependency in the deep health check.
func (s *server) check(ctx context.Context, name string) (status, message string) {
	_, _, body := s.get(ctx, "/api/health?deep=1", "")
	var reply struct {
		Checks map[string]struct{ Status, Message string }
	}
	_ = json.Unmarshal(body, &reply)
	return reply.Checks[name].Status, reply.Checks[name].Message
}
