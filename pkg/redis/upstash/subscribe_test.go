package upstash_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/upstash"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox/tcpproxy"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

// streaming serves one stream and returns what a subscription to "chat" hears.
func streaming(t *testing.T, text string) (heard []string, ready int, err error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/subscribe/chat", r.URL.Path)
		assert.Equal(t, "text/event-stream", r.Header.Get("Accept"))
		_, _ = io.WriteString(w, text)
	}))
	defer server.Close()
	err = connect(t, upstash.Options{URL: server.URL, Options: redis.Options{Timeout: time.Minute}}).Subscribe(t.Context(),
		func() { ready++ },
		func(channel, payload string) { heard = append(heard, channel+"="+payload) }, "chat")
	return heard, ready, err
}

func TestStream(t *testing.T) {
	const confirmed = "data: subscribe,chat,1\n\n"
	long := strings.Repeat("x", 900<<10)
	for name, tc := range map[string]struct {
		stream string
		want   []string
		ready  int
		text   string
	}{
		"messages":           {confirmed + "data: message,chat,a,b\n\ndata: message,chat,\n\n", []string{"chat=a,b", "chat="}, 1, "stream ended"},
		"comments":           {": hello\n\n" + confirmed + ": ping\n\ndata: message,chat,a\n\n", []string{"chat=a"}, 1, "stream ended"},
		"carriage-returns":   {"data: subscribe,chat,1\r\n\r\ndata:message,chat,a\r\n\r\n", []string{"chat=a"}, 1, "stream ended"},
		"other-fields":       {"event: x\nid: 7\nretry: 5\n" + confirmed + "data: message,chat,a\nid: 8\n\n", []string{"chat=a"}, 1, "stream ended"},
		"unknown-kinds":      {confirmed + "data: unsubscribe,chat,0\n\ndata: \"OK\"\n\ndata: message,other,x\n\ndata: message\n\n", nil, 1, "stream ended"},
		"two-data-lines":     {confirmed + "data: message,chat,a\ndata: b\n\n", []string{"chat=a\nb"}, 1, "stream ended"},
		"confirmed-once":     {confirmed + confirmed, nil, 1, "stream ended"},
		"cut-mid-event":      {confirmed + "data: message,chat,a", nil, 1, "stream ended"},
		"large-line":         {confirmed + "data: message,chat," + long + "\n\n", []string{"chat=" + long}, 1, "stream ended"},
		"line-too-long":      {confirmed + "data: message,chat," + long + long + "\n\ndata: message,chat,a\n\n", []string{"chat=", "chat=a"}, 1, "stream ended"},
		"event-too-long":     {confirmed + "data: message,chat," + long + "\ndata: " + long + "\n\ndata: message,chat,a\n\n", []string{"chat=", "chat=a"}, 1, "stream ended"},
		"heartbeat":          {confirmed + "data: message,chat,clockwork-heartbeat\n\ndata: message,chat,a\n\n", []string{"chat=a"}, 1, "stream ended"},
		"never-confirmed":    {"data: message,chat,a\n\n", []string{"chat=a"}, 0, "stream ended"},
		"json-and-no-stream": {`{"error":"ERR no"}`, nil, 0, "stream ended"},
	} {
		t.Run(name, func(t *testing.T) {
			heard, ready, err := streaming(t, tc.stream)
			assert.Equal(t, tc.want, heard)
			assert.Equal(t, tc.ready, ready)
			var failed *redis.Error
			require.ErrorAs(t, err, &failed)
			assert.ErrorContains(t, err, tc.text)
			assert.Equal(t, "SUBSCRIBE", failed.Op)
		})
	}
}

func TestStreamRefused(t *testing.T) {
	err := answer(t, 400, nil, `{"error":"ERR no such channel 'marked-channel'"}`).PSubscribe(t.Context(), nil, nil, "marked-channel")
	require.ErrorContains(t, err, "HTTP 400: ERR no such channel")
	assert.NotContains(t, err.Error(), "marked")
}

func TestStreamNotConfirmed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush() // headers, and nothing more
		<-r.Context().Done()
	}))
	defer server.Close()
	client := connect(t, upstash.Options{URL: server.URL, Options: redis.Options{Timeout: 50 * time.Millisecond}})
	err := client.Subscribe(t.Context(), func() { t.Error("ready without confirmation") }, nil, "c")
	assert.ErrorContains(t, err, "not confirmed in time")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// One lost stream ends the subscription to all: messages of one channel must
// not go missing unnoticed.
func TestStreamLostAmongSeveral(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		channel := strings.TrimPrefix(r.URL.Path, "/subscribe/")
		_, _ = fmt.Fprintf(w, "data: subscribe,%s,1\n\n", channel)
		_ = http.NewResponseController(w).Flush()
		if channel == "stays" {
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	err := connect(t, upstash.Options{URL: server.URL, Options: redis.Options{Timeout: time.Minute}}).Subscribe(t.Context(), nil, nil, "stays", "goes")
	assert.ErrorContains(t, err, "stream ended")
}

// proxied is a client of the stand-in over a network that a test controls.
func proxied(t *testing.T, o upstash.Options) (*redis.Client, *tcpproxy.Proxy) {
	t.Helper()
	standIn, err := upstashrest.New(upstashrest.Options{Token: secret.New(token)})
	require.NoError(t, err)
	t.Cleanup(standIn.Close)
	server := httptest.NewServer(standIn)
	t.Cleanup(server.Close)
	proxy, err := tcpproxy.Start(server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(proxy.Close)
	o.URL, o.Transport = "http://"+proxy.Addr(), &http.Transport{}
	return connect(t, o), proxy
}

// A stream that is open but dead ends with an error; one that is only silent
// lasts.
func TestStreamGoesSilent(t *testing.T) {
	t.Parallel()
	client, proxy := proxied(t, upstash.Options{Options: redis.Options{Timeout: time.Minute, Silence: 100 * time.Millisecond}})
	quiet, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	unheard := func(channel, payload string) { t.Errorf("%s: %s", channel, payload) }
	require.Equal(t, context.DeadlineExceeded, client.PSubscribe(quiet, nil, unheard, "c:*"), "twenty silences with a heartbeat each")

	err := client.PSubscribe(t.Context(), proxy.Swallow, unheard, "c:*")
	var failed *redis.Error
	require.ErrorAs(t, err, &failed)
	assert.ErrorContains(t, err, "silent")
}

// service is an Upstash of which a test says what a stream brings, in the time
// of a bubble.
type service struct {
	echoes, comments bool
	heartbeats       atomic.Int64
	stream           *io.PipeWriter
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r}
	if r.URL.Path == "" {
		s.heartbeats.Add(1)
		if s.echoes {
			_, _ = io.WriteString(s.stream, "data: pmessage,c:*,c:heartbeat,clockwork-heartbeat\n\n")
		}
		answer.Body = io.NopCloser(strings.NewReader(`{"result":1}`))
		return answer, nil
	}
	body, stream := io.Pipe()
	s.stream, answer.Body = stream, body
	context.AfterFunc(r.Context(), func() { _ = stream.CloseWithError(r.Context().Err()) })
	go func() {
		_, _ = io.WriteString(stream, "data: psubscribe,c:*,1\n\n")
		for s.comments && r.Context().Err() == nil {
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Second): // of the bubble's time
				_, _ = io.WriteString(stream, ": alive\n\n")
			}
		}
	}()
	return answer, nil
}

// A dead stream is noticed within 20 s. Heartbeats are billed: none is sent
// while nobody would miss a message, nor while anything arrives by itself.
func TestHeartbeats(t *testing.T) {
	for name, tc := range map[string]struct {
		service    *service
		watched    bool
		heartbeats int64 // in ten minutes
		lives      bool
	}{
		"alive-and-silent":  {&service{echoes: true}, true, 48, true},
		"dead":              {&service{}, true, 1, false},
		"comments-suffice":  {&service{comments: true}, true, 0, true},
		"nobody-is-there":   {&service{echoes: true}, false, 0, true},
		"nobody-would-miss": {&service{}, false, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := connect(t, upstash.Options{URL: "http://localhost", Transport: tc.service, Watched: func() bool { return tc.watched }})
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				began := time.Now()
				unheard := func(channel, payload string) { t.Errorf("%s: %s", channel, payload) }
				err := client.PSubscribe(ctx, nil, unheard, "c:*")
				if tc.lives {
					assert.Equal(t, context.DeadlineExceeded, err)
				} else {
					assert.ErrorContains(t, err, "silent")
					assert.Less(t, time.Since(began), 20*time.Second)
				}
				assert.InDelta(t, tc.heartbeats, tc.service.heartbeats.Load(), float64(tc.heartbeats/10))
			})
		})
	}
}
