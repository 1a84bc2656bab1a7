package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

// instanceStore makes this test binary an instance of the server, on the store
// that it names, until stdin ends or it is killed.
const instanceStore = "REALTIME_TEST_STORE"

func serveInstance(database string) error {
	store, closeStore, err := openDatabase(database)
	if err != nil {
		return err
	}
	running, err := server.New(server.Options{Store: store, Verify: auth.Verifier{Secrets: []string{signingKey}, Now: time.Now}.Verify,
		Limits: server.Limits{PerSecond: 1e6}})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	running.Register(func(path string, handler http.HandlerFunc) { mux.Handle(path, handler) })
	front := httptest.NewServer(mux)
	fmt.Println(front.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
	err = running.Close(context.Background())
	front.Close()
	if err != nil {
		return err
	}
	return closeStore()
}

func openDatabase(database string) (realtime.Store, func() error, error) {
	if strings.HasPrefix(database, "redis:") {
		client, err := tcp.New(database, redis.Options{Timeout: time.Minute})
		if err != nil {
			return nil, nil, err
		}
		return redisstore.New(client), client.Close, nil
	}
	store, err := sqlitestore.Open(context.Background(), database, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}

// startInstance runs an instance as a process of its own.
func startInstance(t *testing.T, database string) (url string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), instanceStore+"="+database)
	cmd.Stderr = os.Stderr
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	killed := false
	kill = func() {
		if !killed {
			killed = true
			assert.NoError(t, cmd.Process.Kill()) // SIGKILL
			_ = cmd.Wait()
		}
	}
	t.Cleanup(kill)
	url, err = bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(url), kill
}

// An instance is killed while clients write; its clients reconnect to the other.
func TestInstanceKilled(t *testing.T) {
	database := "redis://" + redisserver.Start(t)
	first, kill := startInstance(t, database)
	second, _ := startInstance(t, database)
	store, closeStore, err := openDatabase(database)
	require.NoError(t, err)
	defer func() { assert.NoError(t, closeStore()) }()
	chaos(t, store, []string{first, second}, kill)
}

// The only instance is killed. Another one on the same file has every change that a
// client got.
func TestProcessKilled(t *testing.T) {
	database := "sqlite://" + filepath.Join(t.TempDir(), "timers.db")
	url, kill := startInstance(t, database)
	w := &world{t: t, http: &httptest.Server{URL: url}}
	c, empty := w.connect("ann")
	w.epoch = empty.Payload.Seq
	const actions = 50
	for n := range int64(actions) {
		c.action([]string{"timer_start", "timer_stop"}[n%2], fmt.Sprint(n/2))
		c.update(n+1, fmt.Sprint(n/2), []realtime.Status{realtime.Running, realtime.Stopped}[n%2])
	}
	kill()
	url, _ = startInstance(t, database)
	w.http.URL = url
	_, state := w.connect("ann")
	assert.Equal(t, int64(actions), state.Payload.Seq)
	assert.Len(t, state.Payload.Timers, actions/2)
	back := w.dial("ann", w.since(actions-2))
	back.update(actions-1, "24", realtime.Running)
	back.update(actions, "24", realtime.Stopped)
}
