package main

import (
	"slices"
	"sync"
	"time"
)

// histogram collects durations.
type histogram struct {
	mu     sync.Mutex
	values []time.Duration
}

func (h *histogram) add(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values = append(h.values, d)
}

// quantiles returns for each part the value below which that part of all values lies.
// 1 is the largest value.
func (h *histogram) quantiles(parts ...float64) []time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.Sort(h.values)
	out := make([]time.Duration, len(parts))
	for i, part := range parts {
		if len(h.values) > 0 {
			out[i] = h.values[min(int(part*float64(len(h.values))), len(h.values)-1)]
		}
	}
	return out
}
