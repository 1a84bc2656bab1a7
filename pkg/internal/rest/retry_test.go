package rest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDecide(t *testing.T) {
	const pause = 200 * time.Millisecond
	base := outcome{attempt: 1, backoff: pause, left: 5 * time.Second}
	with := func(change func(*outcome)) outcome {
		o := base
		change(&o)
		return o
	}
	tests := []struct {
		name  string
		in    outcome
		want  time.Duration
		again bool
	}{
		{"read-429", with(func(o *outcome) { o.readOnly, o.status = true, 429 }), pause, true},
		{"read-500", with(func(o *outcome) { o.readOnly, o.status = true, 500 }), pause, true},
		{"read-502", with(func(o *outcome) { o.readOnly, o.status = true, 502 }), pause, true},
		{"read-503", with(func(o *outcome) { o.readOnly, o.status = true, 503 }), pause, true},
		{"read-504", with(func(o *outcome) { o.readOnly, o.status = true, 504 }), pause, true},
		{"read-lost", with(func(o *outcome) { o.readOnly, o.lost = true, true }), pause, true},
		{"read-unsent", with(func(o *outcome) { o.readOnly, o.unsent, o.lost = true, true, true }), pause, true},
		{"read-400", with(func(o *outcome) { o.readOnly, o.status = true, 400 }), 0, false},
		{"read-401", with(func(o *outcome) { o.readOnly, o.status = true, 401 }), 0, false},
		{"read-404", with(func(o *outcome) { o.readOnly, o.status = true, 404 }), 0, false},
		{"read-501", with(func(o *outcome) { o.readOnly, o.status = true, 501 }), 0, false},
		{"read-refused-with-200", with(func(o *outcome) { o.readOnly, o.status = true, 200 }), 0, false},
		{"write-429", with(func(o *outcome) { o.status = 429 }), 0, false},
		{"write-502", with(func(o *outcome) { o.status = 502 }), 0, false},
		{"write-lost", with(func(o *outcome) { o.lost = true }), 0, false},
		{"write-unsent", with(func(o *outcome) { o.unsent, o.lost = true, true }), pause, true},
		{"second-attempt", with(func(o *outcome) { o.readOnly, o.status, o.attempt = true, 503, 2 }), pause, true},
		{"third-attempt", with(func(o *outcome) { o.readOnly, o.status, o.attempt = true, 503, 3 }), 0, false},
		{"write-unsent-third", with(func(o *outcome) { o.unsent, o.attempt = true, 3 }), 0, false},
		{"retry-after-wins", with(func(o *outcome) { o.readOnly, o.status, o.retryAfter = true, 429, 2*time.Second }), 2 * time.Second, true},
		{"retry-after-shorter-wins", with(func(o *outcome) { o.readOnly, o.status, o.retryAfter = true, 429, time.Millisecond }), time.Millisecond, true},
		{"retry-after-longer-than-anyone-waits", with(func(o *outcome) { o.readOnly, o.status, o.retryAfter, o.left = true, 429, 6*time.Second, time.Minute }), 0, false},
		{"retry-after-too-long", with(func(o *outcome) { o.readOnly, o.status, o.retryAfter = true, 429, 6*time.Second }), 0, false},
		{"backoff-too-long", with(func(o *outcome) { o.readOnly, o.status, o.left = true, 503, pause }), 0, false},
		{"no-time-left", with(func(o *outcome) { o.readOnly, o.lost, o.left = true, true, 0 }), 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, again := decide(tt.in)
			assert.Equal(t, tt.again, again)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestBackoff(t *testing.T) {
	tests := []struct {
		name    string
		attempt int
		jitter  float64
		want    time.Duration
	}{
		{"first", 1, 0, 200 * time.Millisecond},
		{"second-doubles", 2, 0, 400 * time.Millisecond},
		{"bounded", 9, 0, 2 * time.Second},
		{"jitter-takes-half-at-most", 1, 1, 100 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, backoff(tt.attempt, tt.jitter)) })
	}
}
