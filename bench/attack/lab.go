package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/e2e/upstreams"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/sandbox/freeport"
	"github.com/clockwork-timer/backend/sandbox/tcpproxy"
)

// lab is where an attack takes place: what it started is stopped at its end,
// the last first. It plays the part of a test for the stand-ins.
type lab struct {
	program, dir string
	ending       []func()
}

func (l *lab) Helper() {}

// Fatalf ends the program: a lab that cannot be set up has nothing to measure.
func (l *lab) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (l *lab) Cleanup(end func()) { l.ending = append(l.ending, end) }

func (l *lab) close() {
	for _, end := range slices.Backward(l.ending) {
		end()
	}
}

// start runs a program until the end of the attack.
func (l *lab) start(c process.Command) error {
	p, err := process.Start(c)
	if err == nil {
		l.Cleanup(func() { _ = p.Stop() })
	}
	return err
}

// redis starts a Redis without persistence.
func (l *lab) redis(ctx context.Context) (addr string, err error) {
	port, err := freeport.Find(1)
	if err != nil {
		return "", err
	}
	addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port[0]))
	err = l.start(process.Command{Path: "redis-server", Args: []string{"--port", strconv.Itoa(port[0]), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", l.dir}})
	if err != nil {
		return "", err
	}
	return addr, l.until(ctx, "redis answers", func() bool {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	})
}

// until waits for a condition.
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

// server is one that serves, with a Redis behind a proxy.
type server struct {
	url   string
	proxy *tcpproxy.Proxy
	redis *redis.Client // past the proxy
	up    *upstreams.Upstreams
	http  *http.Client
}

// server starts one with a synced cache. Variables are NAME=value.
func (l *lab) server(ctx context.Context, variables ...string) (*server, error) {
	addr, err := l.redis(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{up: upstreams.Start(l), http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2000}, Timeout: time.Minute}}
	if s.proxy, err = tcpproxy.Start(addr); err != nil {
		return nil, err
	}
	l.Cleanup(s.proxy.Close)
	if s.redis, err = tcp.New("redis://"+addr, redis.Options{}); err != nil {
		return nil, err
	}
	l.Cleanup(func() { _ = s.redis.Close() })
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
	if err := l.start(process.Command{Path: l.program, Dir: l.dir, Env: env}); err != nil {
		return nil, err
	}
	s.url = "http://127.0.0.1:" + strconv.Itoa(ports[0])
	return s, l.until(ctx, "the server answers", func() bool { return s.status(ctx, "/api/health") == http.StatusOK })
}

// status gets a path and returns its status; 0 if there was no answer.
func (s *server) status(ctx context.Context, path string) int {
	status, _, _ := s.get(ctx, path, "")
	return status
}

func (s *server) get(ctx context.Context, path, etag string) (status int, header http.Header, body []byte) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return 0, nil, nil
	}
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
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

// check is one dependency's state in deep health.
func (s *server) check(ctx context.Context, name string) (status, message string) {
	_, _, body := s.get(ctx, "/api/health?deep=1", "")
	var reply struct {
		Checks map[string]struct{ Status, Message string }
	}
	_ = json.Unmarshal(body, &reply)
	return reply.Checks[name].Status, reply.Checks[name].Message
}
