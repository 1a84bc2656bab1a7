package main

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/bench/child"
	"github.com/clockwork-timer/backend/e2e/process"
)

// instance is a server process.
type instance struct {
	*child.Process
	url  string
	http *http.Client
}

// start starts a server that runs until the cleanup. Its environment is only the
// world's.
func (w *world) start(ctx context.Context, c *process.Cleanup, kind, profile string) (*instance, error) {
	if profile != "" {
		profile += "-" + strings.ReplaceAll(kind, " ", "-") + "-" + strconv.Itoa(w.timers) + ".pprof"
	}
	server, err := child.Start(ctx, w.environ(kind), "-serve", kind, "-profile", profile)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}, Timeout: 30 * time.Second}
	c.Cleanup(func() {
		client.CloseIdleConnections()
		_ = server.Stop()
	})
	return &instance{server, "http://" + server.Addr, client}, nil
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
