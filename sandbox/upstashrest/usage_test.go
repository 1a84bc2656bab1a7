package upstashrest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

func usage(t *testing.T, s *upstashrest.Server) upstashrest.Usage {
	t.Helper()
	got, err := s.Usage(t.Context())
	require.NoError(t, err)
	return got
}

func TestUsageCountsCommands(t *testing.T) {
	script := `["EVAL","redis.call('SET',KEYS[1],1); redis.call('INCR',KEYS[1]); redis.pcall('LPUSH',KEYS[1],1); return 1",1,"k"]`
	for name, tc := range map[string]struct {
		path, body string
		want       int64
	}{
		"one":                {"/", `["GET","k"]`, 1},
		"variadic":           {"/", `["MGET","a","b","c"]`, 1},
		"failed":             {"/", `["INCR","text"]`, 1},
		"wrong-arguments":    {"/", `["GET"]`, 1},
		"pipeline":           {"/pipeline", `[["GET","a"],["GET","b"],["INCR","text"]]`, 3},
		"transaction":        {"/multi-exec", `[["INCR","a"],["INCR","b"]]`, 2},
		"script":             {"/", script, 4},
		"script-in-both":     {"/multi-exec", `[["GET","a"],` + script + `]`, 5},
		"script-by-sha":      {"/", `["EVALSHA","` + strings.Repeat("0", 40) + `",0]`, 1},
		"publish":            {"/", `["PUBLISH","c","m"]`, 1},
		"refused-here":       {"/", `["BLPOP","l",1]`, 0},
		"unknown":            {"/", `["NOSUCHCOMMAND"]`, 0},
		"not-a-command":      {"/", `nonsense`, 0},
		"path":               {"/get/k", ``, 1},
		"pipeline-some-here": {"/pipeline", `[["GET","a"],["BLPOP","l",1]]`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *upstashrest.Server) {
				send(s, request{path: "/", body: `["SET","text","x"]`})
				before := usage(t, s)
				w := send(s, request{path: tc.path, body: tc.body})
				got := usage(t, s).Since(before)
				want := upstashrest.Usage{Commands: tc.want, RoundTrips: 1, BytesIn: int64(len(tc.body)), BytesOut: int64(w.Body.Len())}
				assert.Equal(t, want, got)
			})
		})
	}
}

// Set-up commands of a connection are not counted. The commands that it sends are.
func TestUsageCountsTCP(t *testing.T) {
	each(t, func(t *testing.T, s *upstashrest.Server) {
		before := usage(t, s)
		for range 3 {
			client, err := tcp.New("redis://"+s.Addr(), redis.Options{Timeout: time.Minute})
			require.NoError(t, err)
			_, err = client.Do(t.Context(), "GET", "k")
			require.NoError(t, err)
			require.NoError(t, client.Close())
		}
		assert.Equal(t, upstashrest.Usage{Commands: 3}, usage(t, s).Since(before))
	})
}

func TestUsageCountsSubscriptions(t *testing.T) {
	each(t, func(t *testing.T, s *upstashrest.Server) {
		server := httptest.NewServer(s)
		defer server.Close()
		before := usage(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/subscribe/a/b", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		require.Equal(t, http.StatusOK, res.StatusCode)
		assert.Equal(t, int64(1), usage(t, s).Since(before).Commands)
	})
}

func TestUsageAfterRedisIsGone(t *testing.T) {
	s := start(t, upstashrest.Options{})
	send(s, request{path: "/", body: `["PING"]`})
	s.Miniredis().Close()
	assert.Equal(t, int64(1), usage(t, s).Commands)
}
