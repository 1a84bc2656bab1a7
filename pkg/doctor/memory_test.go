package doctor

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

// told is a Redis that answers INFO.
type told struct {
	redisClient
	info any
	err  error
}

func (r told) Do(context.Context, ...any) (any, error) { return r.info, r.err }

func TestMemory(t *testing.T) {
	tests := []struct {
		name, info  string
		holdsTimers bool
		want        string
	}{
		{"room", "# Memory\r\nused_memory:100\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\n", true, ""},
		{"no-limit", "used_memory:100\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n", true, ""},
		{"nearly-full", "used_memory:950\nmaxmemory:1000\nmaxmemory_policy:noeviction\n", false, "nine tenths of its memory are used: writes will fail soon, so make it larger"},
		{"full-of-what-may-go", "used_memory:999\nmaxmemory:1000\nmaxmemory_policy:allkeys-lru\n", false, ""},
		{"drops-timers", "used_memory:1\nmaxmemory:1000\nmaxmemory_policy:allkeys-lru\n", true,
			"it drops any key when it is full (allkeys-lru), and DATABASE_URL=redis keeps timers in it: turn eviction off"},
		{"not-told", "", true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, memory(t.Context(), told{info: tt.info}, tt.holdsTimers))
		})
	}
	assert.Empty(t, memory(t.Context(), told{err: errors.New("ERR unknown command")}, true))
	assert.Empty(t, memory(t.Context(), told{info: int64(7)}, true))
}
