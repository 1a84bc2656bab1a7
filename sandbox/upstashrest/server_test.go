package upstashrest_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

const token = "marked-token"

// each runs a test with both kinds of Redis.
func each(t *testing.T, test func(t *testing.T, s *upstashrest.Server)) {
	for name, addr := range map[string]func(t *testing.T) string{
		"miniredis":    func(*testing.T) string { return "" },
		"redis-server": func(t *testing.T) string { return redisserver.Start(t) },
	} {
		t.Run(name, func(t *testing.T) { test(t, start(t, upstashrest.Options{Addr: addr(t)})) })
	}
}

func start(t *testing.T, o upstashrest.Options) *upstashrest.Server {
	t.Helper()
	o.Token = secret.New(token)
	s, err := upstashrest.New(o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

type request struct {
	method, path, body string
	header             map[string]string
}

func send(h http.Handler, r request) *httptest.ResponseRecorder {
	req := httptest.NewRequest(cmp.Or(r.method, http.MethodPost), r.path, strings.NewReader(r.body))
	req.Header.Set("Authorization", "Bearer "+token)
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func TestRequests(t *testing.T) {
	base64 := map[string]string{"Upstash-Encoding": "base64"}
	const unavailable = `{"error":"ERR Command is not available: '%'. See https://upstash.com/docs/redis/overall/rediscompatibility for details"}`
	noREST := func(name string) string { return strings.ReplaceAll(unavailable, "%", name) }
	for name, tc := range map[string]struct {
		request
		status int
		want   string
	}{
		"command":               {request{path: "/", body: `["SET","k","v<&>"]`}, 200, `{"result":"OK"}`},
		"number-and-bool":       {request{path: "/", body: `["RPUSH","list",9007199254740993,1.50,true]`}, 200, `{"result":3}`},
		"lower-case":            {request{path: "/", body: `["echo","x"]`}, 200, `{"result":"x"}`},
		"null-result":           {request{path: "/", body: `["GET","none"]`}, 200, `{"result":null}`},
		"not-utf-8":             {request{path: "/", body: `["EVAL","return '\\255a'",0]`}, 200, `{"result":"` + "\uFFFD" + `a"}`},
		"base64":                {request{path: "/", body: `["EVAL","return {'\\255a', 1, false, {'OK'}}",0]`, header: base64}, 200, `{"result":["/2E=",1,null,["T0s="]]}`},
		"base64-spares-ok":      {request{path: "/", body: `["SET","k","v"]`, header: base64}, 200, `{"result":"OK"}`},
		"base64-pipeline":       {request{path: "/pipeline", body: `[["ECHO","a"],["NOSUCH"]]`, header: base64}, 200, `[{"result":"YQ=="},{"error":`},
		"redis-error":           {request{path: "/", body: `["EVAL","return redis.error_reply('BAD x')",0]`}, 400, `{"error":"BAD x"}`},
		"not-json":              {request{path: "/", body: `SET k v`}, 400, `{"error":"ERR failed to parse`},
		"json-object":           {request{path: "/", body: `{"a":1}`}, 400, `{"error":"ERR failed to parse`},
		"trailing":              {request{path: "/", body: `["PING"]["PING"]`}, 400, `{"error":"ERR failed to parse`},
		"null-argument":         {request{path: "/", body: `["GET",null]`}, 400, `{"error":"ERR failed to parse`},
		"nested-argument":       {request{path: "/", body: `["GET",["a"]]`}, 400, `{"error":"ERR failed to parse`},
		"empty-command":         {request{path: "/", body: `[]`}, 400, `{"error":"ERR empty command"}`},
		"get-on-root":           {request{method: "GET", path: "/"}, 400, `{"error":"ERR failed to parse`},
		"path":                  {request{method: "GET", path: "/echo/a%2Fb%20c+d"}, 200, `{"result":"a/b c+d"}`},
		"path-empty-value":      {request{method: "GET", path: "/echo/"}, 200, `{"result":""}`},
		"path-post-body":        {request{path: "/echo", body: `{"a":1}`}, 200, `{"result":"{\"a\":1}"}`},
		"path-put":              {request{method: "PUT", path: "/set/k", body: "v"}, 200, `{"result":"OK"}`},
		"path-bad-query":        {request{method: "GET", path: "/echo/a?x=%zz"}, 400, `{"error":"ERR failed to parse`},
		"method":                {request{method: "DELETE", path: "/get/k"}, 405, `{"error":"ERR method not allowed"}`},
		"wrong-token":           {request{path: "/", body: `["PING"]`, header: map[string]string{"Authorization": "Bearer nope"}}, 401, `{"error":"WRONGPASS invalid or missing auth token"}`},
		"basic-auth":            {request{path: "/", body: `["PING"]`, header: map[string]string{"Authorization": "Basic " + token}}, 401, `{"error":"WRONGPASS`},
		"token-in-query":        {request{method: "GET", path: "/echo/a?_token=" + token, header: map[string]string{"Authorization": ""}}, 200, `{"result":"a"}`},
		"pipeline":              {request{path: "/pipeline", body: `[["SET","p","x"],["INCR","p"],["BLPOP","l",1],["GET","p"]]`}, 200, `[{"result":"OK"},{"error":"ERR value is not an integer or out of range"},` + noREST("BLPOP") + `,{"result":"x"}]`},
		"pipeline-empty":        {request{path: "/pipeline", body: `[]`}, 400, `{"error":"ERR failed to parse`},
		"pipeline-flat":         {request{path: "/pipeline", body: `["GET","k"]`}, 400, `{"error":"ERR failed to parse`},
		"pipeline-null":         {request{path: "/pipeline", body: `[["GET",null]]`}, 400, `{"error":"ERR failed to parse`},
		"transaction":           {request{path: "/multi-exec", body: `[["SET","t","1"],["INCR","t"],["LPUSH","t","x"],["GET","t"]]`}, 200, `[{"result":"OK"},{"result":2},{"error":"WRONGTYPE Operation against a key holding the wrong kind of value"},{"result":"2"}]`},
		"transaction-watch":     {request{path: "/multi-exec", body: `[["WATCH","t"]]`}, 400, noREST("WATCH")},
		"blocking":              {request{path: "/", body: `["brpop","l",0]`}, 400, noREST("BRPOP")},
		"blocking-stream":       {request{path: "/", body: `["XREAD","COUNT",1,"BLOCK",0,"STREAMS","s","$"]`}, 400, noREST("XREAD")},
		"stream-called-block":   {request{path: "/", body: `["XREAD","STREAMS","block","0"]`}, 200, `{"result":null}`},
		"connection-command":    {request{path: "/", body: `["SELECT",1]`}, 400, noREST("SELECT")},
		"subscribe-as-command":  {request{path: "/", body: `["SUBSCRIBE","c"]`}, 400, noREST("SUBSCRIBE")},
		"subscribe-to-nothing":  {request{path: "/subscribe"}, 400, `{"error":"ERR wrong number of arguments for 'subscribe' command"}`},
		"psubscribe-to-nothing": {request{path: "/psubscribe/"}, 400, `{"error":"ERR wrong number of arguments for 'psubscribe' command"}`},
		"too-large":             {request{path: "/", body: `["SET","k","` + strings.Repeat("x", 10<<20) + `"]`}, 400, `{"error":"ERR max request size exceeded"}`},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *upstashrest.Server) {
				w := send(s, tc.request)
				assert.Equal(t, tc.status, w.Code)
				got := strings.TrimSpace(w.Body.String())
				if strings.HasSuffix(tc.want, "}") || strings.HasSuffix(tc.want, "]") {
					assert.Equal(t, tc.want, got)
				} else {
					assert.Contains(t, got, tc.want)
				}
				assert.NotContains(t, got, "marked")
				assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
			})
		})
	}
}

func result(t *testing.T, w *httptest.ResponseRecorder) any {
	t.Helper()
	var got struct{ Result any }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	return got.Result
}

func TestPathOptions(t *testing.T) {
	each(t, func(t *testing.T, s *upstashrest.Server) {
		require.Equal(t, 200, send(s, request{path: "/set/k?NX&EX=100&_token=x", body: "v"}).Code)
		assert.Equal(t, "v", result(t, send(s, request{method: "GET", path: "/get/k"})))
		ttl, ok := result(t, send(s, request{method: "GET", path: "/ttl/k"})).(float64)
		require.True(t, ok)
		assert.InDelta(t, 100, ttl, 30)
		assert.Nil(t, result(t, send(s, request{path: "/set/k?NX", body: "other"})))
		head := send(s, request{method: "HEAD", path: "/get/k"})
		assert.Equal(t, 200, head.Code)
	})
}

// A command that cannot be queued discards the whole transaction.
func TestTransactionDiscarded(t *testing.T) {
	each(t, func(t *testing.T, s *upstashrest.Server) {
		for name, bad := range map[string]string{"arguments": `["GET"]`, "unknown": `["NOSUCHCOMMAND"]`, "not-on-rest": `["BLPOP","l",1]`} {
			w := send(s, request{path: "/multi-exec", body: `[["SET","k","v"],` + bad + `,["SET","k","w"]]`})
			assert.Equal(t, 400, w.Code, name)
			assert.Contains(t, w.Body.String(), `{"error":"E`, name)
			assert.Nil(t, result(t, send(s, request{path: "/", body: `["GET","k"]`})), name)
		}
	})
}

// Two counters that change only together, in transactions, are always equal.
func TestTransactionIsAtomic(t *testing.T) {
	each(t, func(t *testing.T, s *upstashrest.Server) {
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() {
				for range 50 {
					send(s, request{path: "/multi-exec", body: `[["INCR","a"],["INCR","b"]]`})
				}
			})
		}
		for range 100 {
			got, ok := result(t, send(s, request{path: "/", body: `["MGET","a","b"]`})).([]any)
			require.True(t, ok)
			require.Equal(t, got[0], got[1])
		}
		writers.Wait()
		assert.Equal(t, []any{"200", "200"}, result(t, send(s, request{path: "/", body: `["MGET","a","b"]`})))
	})
}

func TestSyncToken(t *testing.T) {
	s := start(t, upstashrest.Options{})
	first := send(s, request{path: "/", body: `["PING"]`}).Header().Get("Upstash-Sync-Token")
	second := send(s, request{path: "/", body: `["PING"]`}).Header().Get("Upstash-Sync-Token")
	assert.NotEmpty(t, first)
	assert.NotEqual(t, first, second)
}

func TestUnderPrefix(t *testing.T) {
	s := start(t, upstashrest.Options{})
	mux := http.NewServeMux()
	mux.Handle("/redis/", http.StripPrefix("/redis", s))
	mux.Handle("/redis", http.StripPrefix("/redis", s))
	assert.Equal(t, "PONG", result(t, send(mux, request{path: "/redis", body: `["PING"]`})))
	assert.Equal(t, "PONG", result(t, send(mux, request{path: "/redis/", body: `["PING"]`})))
	assert.Equal(t, "a/b", result(t, send(mux, request{method: "GET", path: "/redis/echo/a%2Fb"})))
	assert.Equal(t, 200, send(mux, request{path: "/redis/pipeline", body: `[["PING"]]`}).Code)
}

func TestKeysExpireByTheClock(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := start(t, upstashrest.Options{Clock: func() time.Time { return now }})
	get := func() any { return result(t, send(s, request{path: "/", body: `["GET","k"]`})) }
	send(s, request{path: "/", body: `["SET","k","v","EX",60]`})
	now = now.Add(59 * time.Second)
	assert.Equal(t, "v", get())
	now = now.Add(2 * time.Second)
	assert.Nil(t, get())
}

func TestRedisGone(t *testing.T) {
	s := start(t, upstashrest.Options{})
	s.Miniredis().Close()
	for path, body := range map[string]string{"/": `["PING"]`, "/pipeline": `[["PING"]]`, "/multi-exec": `[["PING"]]`, "/subscribe/c": ""} {
		w := send(s, request{path: path, body: body})
		assert.Equal(t, 502, w.Code, path)
		assert.False(t, json.Valid(w.Body.Bytes()), path)
	}
}

func TestNewRefuses(t *testing.T) {
	_, err := upstashrest.New(upstashrest.Options{})
	assert.ErrorContains(t, err, "token")
	_, err = upstashrest.New(upstashrest.Options{Addr: "127.0.0.1:1", Token: secret.New(token)})
	assert.ErrorContains(t, err, "127.0.0.1:1")
}

func TestCloseEndsStreams(t *testing.T) {
	each(t, func(t *testing.T, s *upstashrest.Server) {
		server := httptest.NewServer(s)
		defer server.Close()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/psubscribe/a*?_token="+token, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		assert.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
		const want = "data: psubscribe,a*,1\n\n"
		got := make([]byte, len(want))
		_, err = io.ReadFull(res.Body, got)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
		s.Close()
		rest, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Empty(t, rest)
	})
}

// A server's WriteTimeout does not end subscriptions.
func TestStreamsLast(t *testing.T) {
	const timeout = 50 * time.Millisecond
	s := start(t, upstashrest.Options{})
	server := httptest.NewUnstartedServer(s)
	server.Config.WriteTimeout = timeout
	server.Start()
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/subscribe/a?_token="+token, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	lines, began := bufio.NewScanner(res.Body), time.Now()
	require.True(t, lines.Scan())
	for ticks := time.NewTicker(timeout / 5); time.Since(began) < 4*timeout; <-ticks.C {
		s.Miniredis().Publish("a", "x")
		lines.Scan() // the line between two events
		require.True(t, lines.Scan(), "after %s: %v", time.Since(began), lines.Err())
		assert.Equal(t, "data: message,a,x", lines.Text())
	}
	s.Close()
}
