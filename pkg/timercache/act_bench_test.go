package timercache_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

// BenchmarkAct is a start and a stop in turn, on a team of 5,000: what each
// costs the cache's process, and what it costs Redis.
func BenchmarkAct(b *testing.B) {
	addr := redisserver.Start(b)
	w := newWorld(b, redisclient.OverTCP(b, addr), addr)
	w.sync(team(5000)...)
	began, before := cpu(), w.redisCPU(b)
	n := 0
	for b.Loop() {
		w.clock.Advance(time.Second)
		user := "user-" + strconv.Itoa(n/2%64)
		if n++; n%2 == 1 {
			w.started(user, "A-1")
		} else {
			w.stopped(user, "A-1")
		}
	}
	b.ReportMetric(float64(cpu()-began)/float64(n), "cpu-ns/op")
	b.ReportMetric(float64(w.redisCPU(b)-before)/float64(n), "redis-cpu-ns/op")
	_, err := w.cache.Page(b.Context(), timercache.Subject{AccountID: "user-1"})
	require.NoError(b, err)
}

// redisCPU is what the Redis server has used of the processors.
func (w *world) redisCPU(b *testing.B) (used time.Duration) {
	b.Helper()
	info, err := w.rdb.Info(b.Context(), "cpu").Result()
	require.NoError(b, err)
	for line := range strings.Lines(info) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_user" || name == "used_cpu_sys" {
			seconds, err := strconv.ParseFloat(text, 64)
			require.NoError(b, err)
			used += time.Duration(seconds * float64(time.Second))
		}
	}
	return used
}
