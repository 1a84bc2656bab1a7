package tcp_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

// BenchmarkDo is one read after another by a lone caller, and many at once.
func BenchmarkDo(b *testing.B) {
	client, err := tcp.New("redis://"+redisserver.Start(b), redis.Options{Timeout: time.Minute})
	require.NoError(b, err)
	defer client.Close()
	read := func() {
		if _, err := client.Do(b.Context(), "MGET", "a", "b"); err != nil {
			b.Error(err)
		}
	}
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		began := cpu()
		for b.Loop() {
			read()
		}
		b.ReportMetric(float64(cpu()-began)/float64(b.N), "cpu-ns/op")
	})
	b.Run("300-at-once", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(150)
		began := cpu()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				read()
			}
		})
		b.ReportMetric(float64(cpu()-began)/float64(b.N), "cpu-ns/op")
	})
}

// cpu is what this process has used of the processors.
func cpu() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
