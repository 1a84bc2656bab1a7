package lambdaruntime_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vercel/go-bridge/go/bridge"

	"github.com/clockwork-timer/backend/e2e/lambdaruntime"
)

// TestMain lets the test binary be the bootstrap: it calls what Vercel's generated
// main calls, with the handler below.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		bridge.Start(http.HandlerFunc(handle))
		return
	}
	os.Exit(m.Run())
}

func handle(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/panic":
		panic("handler gave up")
	case "/exit":
		os.Exit(7)
	case "/slow":
		<-time.After(time.Minute)
	}
	body, _ := io.ReadAll(r.Body)
	w.Header().Add("X-Two", "1")
	w.Header().Add("X-Two", "2")
	w.WriteHeader(http.StatusTeapot)
	_, _ = fmt.Fprintf(w, "%s %s %s [%s] %s %s", r.Method, r.Host, r.URL, body, r.Header.Get("X-Ask"), os.Getenv("GIVEN"))
}

func start(t *testing.T) *lambdaruntime.Function {
	t.Helper()
	t.Setenv("E2E_NOT_PASSED_ON", "1")
	exe, err := os.Executable()
	require.NoError(t, err)
	f, err := lambdaruntime.Start(exe, []string{"GIVEN=env"})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = f.Stop()
		if t.Failed() {
			t.Log(f.Output())
		}
	})
	return f
}

func TestRoundTrip(t *testing.T) {
	client := http.Client{Transport: start(t), Timeout: 30 * time.Second}
	for i := range 3 {
		body := bytes.Repeat([]byte{'x', 0xff}, i)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://api.test/a%2Fb?q=%20%2B", bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("X-Ask", "asked")
		resp, err := client.Do(req)
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusTeapot, resp.StatusCode)
		assert.Equal(t, []string{"1", "2"}, resp.Header.Values("X-Two"))
		assert.Equal(t, fmt.Sprintf("PUT api.test /a%%2Fb?q=%%20%%2B [%s] asked env", body), string(got))
	}
}

func TestRoundTripFailures(t *testing.T) {
	tests := []struct {
		name, target string
		patience     time.Duration
		want         string
	}{
		{"panic", "/panic", time.Minute, "handler gave up"},
		{"exit", "/exit", time.Minute, "exit status 7"},
		{"slow", "/slow", 200 * time.Millisecond, context.DeadlineExceeded.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t)
			_, _, err := f.Get(t.Context(), "/warm")
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), tt.patience)
			defer cancel()
			_, _, err = f.Get(ctx, tt.target)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestOneRequestAtATime(t *testing.T) {
	f := start(t)
	answers := make(chan string)
	for i := range 8 {
		go func() {
			_, body, err := f.Get(t.Context(), fmt.Sprintf("/n?%d", i))
			answers <- fmt.Sprint(strings.Contains(body, fmt.Sprintf("/n?%d ", i)), err)
		}()
	}
	for range 8 {
		assert.Equal(t, "true <nil>", <-answers)
	}
}
