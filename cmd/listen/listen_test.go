package listen_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/cmd/listen"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/httpapi"
)

// served is a running Serve.
type served struct {
	base string
	end  context.CancelFunc
	done chan error
}

func serve(t *testing.T, handler http.Handler) *served {
	t.Helper()
	return serveFor(t, time.Minute, handler)
}

func serveFor(t *testing.T, writeTimeout time.Duration, handler http.Handler) *served {
	t.Helper()
	listener, err := listen.On("127.0.0.1", 0)
	require.NoError(t, err)
	ctx, end := context.WithCancel(t.Context())
	s := &served{"http://" + listener.Addr().String(), end, make(chan error, 1)}
	go func() { s.done <- listen.ServeWithTimeout(ctx, listener, handler, writeTimeout) }()
	return s
}

// ended waits for a clean end and returns how long it took.
func (s *served) ended(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	s.end()
	require.NoError(t, <-s.done)
	return time.Since(began)
}

func TestRequestsFinish(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		assert.NoError(t, r.Context().Err(), "the request's context has not ended")
		_, _ = io.WriteString(w, "done")
	}))
	answer := make(chan string, 1)
	go func() {
		response, err := http.Get(s.base)
		if !assert.NoError(t, err) {
			answer <- ""
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-entered
	s.end()
	close(release)
	assert.Equal(t, "done", <-answer)
	require.NoError(t, <-s.done)
}

// Unused connections do not delay the shutdown.
func TestUnusedConnectionsDoNotWait(t *testing.T) {
	s := serve(t, http.NotFoundHandler())
	unused, err := net.Dial("tcp", s.base[len("http://"):])
	require.NoError(t, err)
	defer unused.Close()
	used, err := http.Get(s.base)
	require.NoError(t, err)
	require.NoError(t, used.Body.Close())
	assert.Less(t, s.ended(t), 4500*time.Millisecond, "net/http would wait for five seconds")
	_, err = bufio.NewReader(unused).ReadByte()
	assert.Error(t, err, "closed")
}

// A client that does not read is cut off; a stream that sets deadlines of its own
// goes on.
func TestClientsThatDoNotRead(t *testing.T) {
	cut := make(chan error, 1)
	s := serveFor(t, 200*time.Millisecond, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream, out := r.URL.Path == "/stream", http.NewResponseController(w)
		for began := time.Now(); !stream || time.Since(began) < 600*time.Millisecond; {
			if stream {
				time.Sleep(50 * time.Millisecond)
				assert.NoError(t, out.SetWriteDeadline(time.Now().Add(time.Minute)))
			}
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				cut <- err
				return
			}
		}
	}))
	idle, err := net.Dial("tcp", s.base[len("http://"):])
	require.NoError(t, err)
	defer idle.Close()
	_, err = io.WriteString(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	select {
	case <-cut:
	case <-time.After(time.Minute):
		assert.Fail(t, "the server still writes")
	}
	response, err := http.Get(s.base + "/stream")
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	assert.NoError(t, err, "read to its end")
	s.ended(t)
}

func TestLongPollsAnswerAtTheEnd(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	entered := make(chan struct{})
	s := serve(t, httpapi.WithDeps(w.Deps, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("wait") {
			close(entered)
		}
		timers.HandleActive(out, r)
	})))
	first, err := http.Get(s.base + "/api/timers/active")
	require.NoError(t, err)
	require.NoError(t, first.Body.Close())

	poll, err := http.NewRequest(http.MethodGet, s.base+"/api/timers/active?wait=25", nil)
	require.NoError(t, err)
	poll.Header.Set("If-None-Match", first.Header.Get("ETag"))
	status := make(chan int, 1)
	go func() {
		response, err := http.DefaultClient.Do(poll)
		if !assert.NoError(t, err) {
			status <- 0
			return
		}
		defer response.Body.Close()
		assert.Equal(t, first.Header.Get("ETag"), response.Header.Get("ETag"))
		status <- response.StatusCode
	}()
	<-entered
	assert.Less(t, s.ended(t), 9*time.Second, "less than the grace period of ten seconds")
	assert.Equal(t, http.StatusNotModified, <-status)
}

func TestListenerThatFails(t *testing.T) {
	listener, err := listen.On("127.0.0.1", 0)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	assert.ErrorContains(t, listen.Serve(t.Context(), listener, http.NotFoundHandler()), "serve:")
}
