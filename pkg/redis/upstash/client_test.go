package upstash_test

import (
	"context"
	"errors"
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
)

func TestNewChecksOptions(t *testing.T) {
	for name, tc := range map[string]struct{ url, token, want string }{
		"https":             {"https://db.upstash.io", token, ""},
		"space-and-slash":   {" https://db.upstash.io/\n", token + "\n", ""},
		"prefix":            {"https://db.upstash.io/redis/", token, ""},
		"http-localhost":    {"http://localhost:3000/redis", token, ""},
		"http-ipv6":         {"http://[::1]:3000", token, ""},
		"http-elsewhere":    {"http://db.upstash.io", token, "must begin with https"},
		"http-lookalike":    {"http://localhost.evil.example", token, "must begin with https"},
		"no-scheme":         {"marked-host.upstash.io", token, "is not a URL"},
		"not-a-url":         {"https://marked\x7f", token, "is not a URL"},
		"tcp-address":       {"rediss://default:marked-password@db.upstash.io:6379", token, "user"},
		"tcp-no-password":   {"rediss://db.upstash.io:6379", token, "REDIS_URL"},
		"token-in-query":    {"https://db.upstash.io?_token=marked-password", token, "query"},
		"empty-query":       {"https://db.upstash.io?", token, "query"},
		"empty-fragment":    {"https://db.upstash.io#", token, "fragment"},
		"empty":             {"", token, "URL is empty"},
		"no-token":          {"https://db.upstash.io", " ", "token is empty"},
		"token-with-break":  {"https://db.upstash.io", "marked\ntoken", "a character"},
		"both-are-reported": {"", "", "URL is empty\nthe Upstash REST token is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := upstash.New(upstash.Options{URL: tc.url, Token: secret.New(tc.token)})
			if tc.want == "" {
				require.NoError(t, err)
				assert.NotNil(t, client)
				return
			}
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), "marked")
		})
	}
}

// answer serves one fixed answer and the client for it.
func answer(t *testing.T, status int, header http.Header, body string) *redis.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return connect(t, upstash.Options{URL: server.URL, MaxBody: 1000, Options: redis.Options{Timeout: time.Minute}})
}

func TestAnswers(t *testing.T) {
	const html = "<html><body>marked-secret: bad gateway</body></html>"
	for name, tc := range map[string]struct {
		status int
		header http.Header
		body   string
		want   redis.Error
		text   string
	}{
		"redis-error":      {400, nil, `{"error":"WRONGTYPE Operation against a key"}`, redis.Error{Status: 400, Code: "WRONGTYPE", Message: "Operation against a key"}, "HTTP 400: WRONGTYPE Operation"},
		"error-with-200":   {200, nil, `{"error":"ERR syntax error"}`, redis.Error{Status: 200, Code: "ERR", Message: "syntax error"}, "ERR syntax error"},
		"error-no-code":    {400, nil, `{"error":"sorry"}`, redis.Error{Status: 400, Code: "ERR", Message: "sorry"}, "ERR sorry"},
		"bad-token":        {401, nil, `{"error":"WRONGPASS invalid or missing auth token"}`, redis.Error{Status: 401, Code: "WRONGPASS", Message: "invalid or missing auth token"}, "HTTP 401: WRONGPASS"},
		"quota":            {400, nil, `{"error":"ERR max requests limit exceeded. Limit: 500000"}`, redis.Error{Status: 400, Code: "ERR", Message: "max requests limit exceeded. Limit"}, "max requests limit exceeded"},
		"quota-as-429":     {429, nil, `{"error":"ERR max daily request limit exceeded"}`, redis.Error{Status: 429, Code: "ERR", Message: "max daily request limit exceeded"}, "HTTP 429"},
		"quoted-value":     {400, nil, `{"error":"ERR unknown command 'x', with args 'marked-secret'"}`, redis.Error{Status: 400, Code: "ERR", Message: "unknown command"}, "unknown command"},
		"raised-value":     {400, nil, `{"error":"STALE marked-secret is old"}`, redis.Error{Status: 400, Code: "STALE", Message: "[value] is old"}, "STALE [value]"},
		"throttled":        {429, http.Header{"Retry-After": {"7"}}, html, redis.Error{Status: 429, RetryAfter: 7 * time.Second}, "HTTP 429"},
		"html-502":         {502, nil, html, redis.Error{Status: 502}, "HTTP 502"},
		"json-500":         {500, nil, `{"error":"ERR internal"}`, redis.Error{Status: 500, Code: "ERR", Message: "internal"}, "HTTP 500"},
		"html-200":         {200, nil, html, redis.Error{Status: 200}, "answer is not JSON"},
		"empty-200":        {200, nil, "", redis.Error{Status: 200}, "answer is not JSON"},
		"half-json":        {200, nil, `{"result":"va`, redis.Error{Status: 200}, "answer is not JSON"},
		"trailing":         {200, nil, `{"result":1}{"result":2}`, redis.Error{Status: 200}, "answer is not JSON"},
		"no-result":        {200, nil, `{}`, redis.Error{Status: 200}, "does not document"},
		"list-for-one":     {200, nil, `[{"result":1}]`, redis.Error{Status: 200}, "does not document"},
		"object-result":    {200, nil, `{"result":{"a":1}}`, redis.Error{Status: 200}, "does not document"},
		"fraction":         {200, nil, `{"result":1.5}`, redis.Error{Status: 200}, "does not document"},
		"beyond-int64":     {200, nil, `{"result":9223372036854775808}`, redis.Error{Status: 200}, "does not document"},
		"true-in-list":     {200, nil, `{"result":[1,true]}`, redis.Error{Status: 200}, "does not document"},
		"too-long":         {200, nil, `{"result":"` + strings.Repeat("a", 1000) + `"}`, redis.Error{Status: 200}, "longer than the limit of 1000 bytes"},
		"redirect":         {307, http.Header{"Location": {"/elsewhere"}}, "", redis.Error{Status: 307}, "redirect refused"},
		"no-content":       {204, nil, "", redis.Error{Status: 204}, "HTTP 204"},
		"retry-after-text": {503, http.Header{"Retry-After": {"soon"}}, "", redis.Error{Status: 503}, "HTTP 503"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := answer(t, tc.status, tc.header, tc.body).Do(t.Context(), "SET", "k", "marked-secret")
			assert.Nil(t, got)
			var failed *redis.Error
			require.ErrorAs(t, err, &failed)
			assert.ErrorContains(t, err, tc.text)
			assert.NotContains(t, err.Error(), "marked")
			assert.Equal(t, tc.want.Code, failed.RedisCode())
			tc.want.Op, tc.want.Err = "SET", failed.Err
			assert.Equal(t, tc.want, *failed)
		})
	}
}

func TestPipelineAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		status           int
		body, code, text string
	}{
		"one-too-few":     {200, `[{"result":1}]`, "", "another number of results"},
		"one-too-many":    {200, `[{"result":1},{"result":1},{"result":1}]`, "", "another number of results"},
		"refused-whole":   {400, `{"error":"ERR max request size exceeded"}`, "ERR", "max request size exceeded"},
		"refused-in-200":  {200, `{"error":"ERR max request size exceeded"}`, "ERR", "max request size exceeded"},
		"one-result-only": {200, `{"result":1}`, "", "does not document"},
		"odd-item":        {200, `[{"result":1},7]`, "", "does not document"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := answer(t, tc.status, nil, tc.body).Pipeline(t.Context(), []any{"INCR", "a"}, []any{"INCR", "b"})
			assert.Nil(t, got)
			var failed *redis.Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, "PIPELINE", failed.Op)
			assert.Equal(t, tc.code, failed.Code)
			assert.ErrorContains(t, err, tc.text)
		})
	}
}

// roundTrip stands in for the network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func response(body io.Reader) *http.Response {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body)}
}

var errReset = errors.New("connection reset")

func TestRetry(t *testing.T) {
	reset := func(int64) (*http.Response, error) { return nil, errReset }
	cut := func(int64) (*http.Response, error) {
		return response(io.MultiReader(strings.NewReader(`{"resu`), errorReader{})), nil
	}
	heals := func(n int64) (*http.Response, error) {
		if n == 1 {
			return nil, errReset
		}
		return response(strings.NewReader(`{"result":"v"}`)), nil
	}
	refuses := func(int64) (*http.Response, error) {
		r := response(strings.NewReader(`{"error":"ERR no"}`))
		r.StatusCode = http.StatusServiceUnavailable
		return r, nil
	}
	for name, tc := range map[string]struct {
		answer func(n int64) (*http.Response, error)
		cmd    []any
		want   int64
		heals  bool
	}{
		"read-heals":             {heals, []any{"GET", "k"}, 2, true},
		"read-does-not-heal":     {reset, []any{"GET", "k"}, 2, false},
		"read-cut-short":         {cut, []any{"GET", "k"}, 2, false},
		"write-the-same-value":   {heals, []any{"SET", "k", "v", "EX", 5}, 2, true},
		"write-if-absent":        {heals, []any{"SET", "k", "v", "NX"}, 1, false},
		"publish":                {heals, []any{"PUBLISH", "c", "m"}, 1, false},
		"script":                 {heals, []any{"EVAL", "return 1", 0}, 1, false},
		"script-cut-short":       {cut, []any{"EVAL", "return 1", 0}, 1, false},
		"increment":              {heals, []any{"INCR", "k"}, 1, false},
		"an-answer-is-an-answer": {refuses, []any{"GET", "k"}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			client := connect(t, upstash.Options{
				URL: "https://db.upstash.io", Options: redis.Options{Timeout: time.Minute},
				Transport: roundTrip(func(*http.Request) (*http.Response, error) { return tc.answer(calls.Add(1)) }),
			})
			got, err := client.Do(t.Context(), tc.cmd...)
			assert.Equal(t, tc.want, calls.Load(), "requests")
			if tc.heals {
				require.NoError(t, err)
				assert.Equal(t, "v", got)
				return
			}
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "upstash.io")
		})
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errReset }

func TestDeadline(t *testing.T) {
	hang := roundTrip(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	breaks := roundTrip(func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(1900 * time.Millisecond):
			return nil, errReset
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	})
	for name, transport := range map[string]roundTrip{"hangs": hang, "breaks-and-then-hangs": breaks} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := connect(t, upstash.Options{URL: "https://db.upstash.io", Transport: transport})
				start := time.Now()
				_, err := client.Do(t.Context(), "GET", "k")
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, 2*time.Second, time.Since(start), "one deadline for the call with its retry")
			})
		})
	}
	t.Run("caller-gives-up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := connect(t, upstash.Options{URL: "https://db.upstash.io", Transport: hang}).Do(ctx, "GET", "k")
		var failed *redis.Error
		require.ErrorAs(t, err, &failed)
		assert.ErrorIs(t, err, context.Canceled)
	})
}

func TestRequest(t *testing.T) {
	var got []*http.Request
	var bodies []string
	client := connect(t, upstash.Options{
		URL: "https://db.upstash.io/prefix/", Options: redis.Options{Timeout: time.Minute},
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			got, bodies = append(got, r), append(bodies, string(body))
			res := response(strings.NewReader(`{"result":"OK"}`))
			res.Header.Set("Upstash-Sync-Token", fmt.Sprintf("sync-%d", len(got)))
			return res, nil
		}),
	})
	for range 2 {
		_, err := client.Do(t.Context(), "SET", "a<b", 1, "EX", int64(60))
		require.NoError(t, err)
	}
	_, err := client.Pipeline(t.Context(), []any{"GET", "a"}, []any{"PING"})
	require.Error(t, err, "the fixed answer is not a list")

	assert.Equal(t, []string{"/prefix", "/prefix", "/prefix/pipeline"}, []string{got[0].URL.Path, got[1].URL.Path, got[2].URL.Path})
	assert.Equal(t, `["SET","a<b","1","EX","60"]`+"\n", bodies[0])
	assert.Equal(t, `[["GET","a"],["PING"]]`+"\n", bodies[2])
	for i, want := range []string{"", "sync-1", "sync-2"} {
		assert.Equal(t, want, got[i].Header.Get("Upstash-Sync-Token"), "request %d", i)
		assert.Equal(t, "Bearer "+token, got[i].Header.Get("Authorization"))
		assert.Equal(t, http.MethodPost, got[i].Method)
		assert.Empty(t, got[i].URL.RawQuery)
	}
}
