package ratelimit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

var slow = ratelimit.Limit{Burst: 2, Interval: time.Minute}

func TestLocal(t *testing.T) {
	var l ratelimit.Local
	now := start
	count := func(n int, counted bool) ratelimit.Count {
		return ratelimit.Count{Key: "an", Limit: slow, N: n, Counted: counted}
	}
	assert.Zero(t, l.Take(now, count(0, false)), "to ask counts nothing")
	assert.Zero(t, l.Len())
	assert.Zero(t, l.Take(now, count(1, false)))
	assert.Zero(t, l.Take(now, count(1, false)))
	assert.Equal(t, time.Minute, l.Take(now, count(1, false)))
	assert.Equal(t, time.Minute, l.Take(now, count(0, false)))
	assert.Zero(t, l.Take(now, count(1, true)), "what has happened is counted, and asks for nothing")
	assert.Equal(t, time.Minute, l.Take(now, count(0, false)), "no more than the burst")
	assert.Zero(t, l.Take(now, count(-1, true)))
	assert.Zero(t, l.Take(now, count(1, false)), "given back")
	assert.Equal(t, 30*time.Second, l.Take(now.Add(30*time.Second), count(1, false)))
	assert.Zero(t, l.Take(now, count(-2, true)))
	assert.Zero(t, l.Len())
}

// A Local that is full makes room by what has run out, and otherwise refuses
// those who are new rather than forget others.
func TestLocalIsBounded(t *testing.T) {
	var l ratelimit.Local
	key := func(n int) ratelimit.Count { return ratelimit.Count{Key: fmt.Sprint(n), Limit: slow, N: 1} }
	for n := range ratelimit.MaxLocal {
		require.Zero(t, l.Take(start, key(n)))
	}
	assert.Equal(t, time.Minute, l.Take(start, key(-1)))
	happened := key(-1)
	happened.Counted = true
	assert.Zero(t, l.Take(start, happened))
	assert.Equal(t, ratelimit.MaxLocal, l.Len())
	assert.Zero(t, l.Take(start.Add(time.Minute), key(-1)))
	assert.Equal(t, 1, l.Len())
}
