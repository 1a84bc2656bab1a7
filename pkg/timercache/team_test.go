package timercache_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

// hashOfPeople answers HSCAN, and nothing else.
type hashOfPeople struct {
	timercache.Redis
	fields []any
}

func (h *hashOfPeople) Do(context.Context, ...any) (any, error) { return []any{"0", h.fields}, nil }

func (h *hashOfPeople) set(field, text string) {
	for i := 0; i < len(h.fields); i += 2 {
		if h.fields[i] == field {
			h.fields[i+1] = text
			return
		}
	}
	h.fields = append(h.fields, field, text)
}

func (h *hashOfPeople) setPerson(n, timers, version int) {
	list := ""
	for i := range timers {
		if i > 0 {
			list += ","
		}
		list += fmt.Sprintf(`{"id":%d,"startedAt":"2026-05-04T0%d:%02d:00Z","finishedAt":null,"comment":"what the person is doing","runningFor":"p%d","tillNow":60,`+
			`"worklogCount":0,"issue":{"key":"PORTAL-%d","id":%d,"summary":"A summary of the usual length, with words"},"author":{"accountId":"p%d","emailAddress":"p%d@acme.example",`+
			`"displayName":"A Person %d","avatarUrl":"https://avatars.example/p%d.png"},"withinWorkingHours":true,"startedWithinWorkingHours":true}`,
			version*10+i, version%9, n%60, n, n, n, n, n, n, n)
	}
	h.set(fmt.Sprint("p", n), fmt.Sprintf(`{"timers":[%s],"cachedAt":"2026-05-04T09:00:00Z","userKey":"p%d","version":%d,"epoch":"e"}`, list, n, version))
}

func (h *hashOfPeople) sync(second int) {
	h.set("@", fmt.Sprintf(`{"syncedAt":"2026-05-04T09:00:%02dZ","version":1,"source":"connect","epoch":"e"}`, second))
}

func teamOf(people int) *hashOfPeople {
	h := &hashOfPeople{}
	h.sync(0)
	for n := range people {
		h.setPerson(n, 1, 1)
	}
	return h
}

func nineOClock() time.Time { return start.Add(time.Minute) }

// What was read before must never show: a cache that has read the team many
// times answers as one that reads it for the first time.
func TestEverybodyIsWhatRedisHolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	h := teamOf(20)
	long := timercache.New(h, "", nineOClock)
	for n := range 500 {
		switch rng.IntN(5) {
		case 0:
			h.sync(n % 60)
		case 1: // somebody's field goes
			i := 2 * (1 + rng.IntN(len(h.fields)/2-1))
			h.fields = slices.Delete(slices.Clone(h.fields), i, i+2)
		case 2: // a field is read twice, as while the hash grows
			h.fields = append(slices.Clone(h.fields), h.fields[2], h.fields[3])
		default:
			h.setPerson(rng.IntN(30), rng.IntN(3), n)
		}
		got, err := long.Page(t.Context(), timercache.Subject{})
		require.NoError(t, err)
		want, err := timercache.New(h, "", nineOClock).Page(t.Context(), timercache.Subject{})
		require.NoError(t, err)
		require.JSONEq(t, string(want.Timers), string(got.Timers))
		assert.Equal(t, want.Status, got.Status)
	}
}

// BenchmarkEverybody is a read of 500 timers, without the way to Redis.
func BenchmarkEverybody(b *testing.B) {
	for name, changes := range map[string]int{"nothing-changed": 0, "five-changed": 5} {
		b.Run(name, func(b *testing.B) {
			h := teamOf(500)
			cache := timercache.New(h, "", nineOClock)
			b.ReportAllocs()
			version, began := 1, cpu()
			for b.Loop() {
				for range changes {
					version++
					h.setPerson(version%500, 1, version)
				}
				if _, err := cache.Page(b.Context(), timercache.Subject{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpu()-began)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu is what this process has used of the processors.
func cpu() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
