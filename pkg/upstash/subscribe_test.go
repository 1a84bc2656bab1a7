package upstash_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/upstash"
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
	err = connect(t, upstash.Options{URL: server.URL, Timeout: time.Minute}).Subscribe(t.Context(),
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
		"line-too-long":      {confirmed + "data: message,chat," + long + long + "\n\n", nil, 1, "token too long"},
		"event-too-long":     {confirmed + "data: " + long + "\ndata: " + long + "\n\n", nil, 1, "token too long"},
		"never-confirmed":    {"data: message,chat,a\n\n", []string{"chat=a"}, 0, "stream ended"},
		"json-and-no-stream": {`{"error":"ERR no"}`, nil, 0, "stream ended"},
	} {
		t.Run(name, func(t *testing.T) {
			heard, ready, err := streaming(t, tc.stream)
			assert.Equal(t, tc.want, heard)
			assert.Equal(t, tc.ready, ready)
			var failed *upstash.Error
			require.ErrorAs(t, err, &failed)
			assert.ErrorContains(t, err, tc.text)
			assert.True(t, failed.Retryable)
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
	client := connect(t, upstash.Options{URL: server.URL, Timeout: 50 * time.Millisecond})
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
	err := connect(t, upstash.Options{URL: server.URL, Timeout: time.Minute}).Subscribe(t.Context(), nil, nil, "stays", "goes")
	assert.ErrorContains(t, err, "stream ended")
}
