package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// longPolls opens more long polls than a process allows.
func longPolls(ctx context.Context, l *lab) ([]figure, error) {
	s, err := l.server(ctx)
	if err != nil {
		return nil, err
	}
	_, header, _ := s.get(ctx, activePath, "")
	etag := header.Get("ETag")
	const polls = 1200
	var waited, refused, other atomic.Int64
	var all sync.WaitGroup
	for range polls {
		all.Go(func() {
			switch status, _, _ := s.get(ctx, activePath+"?wait=20", etag); status {
			case http.StatusOK, http.StatusNotModified:
				waited.Add(1)
			case http.StatusServiceUnavailable:
				refused.Add(1)
			default:
				other.Add(1)
			}
		})
	}
	most := 0
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for tick := time.NewTicker(time.Second); ; {
		reply, err := s.redis.Do(ctx, "CLIENT", "LIST")
		if text, ok := reply.(string); ok && err == nil {
			most = max(most, strings.Count(text, " name=")-1) // this connection is not counted
		}
		select {
		case <-tick.C:
			continue
		case <-done:
		}
		tick.Stop()
		break
	}
	return []figure{
		{"of 1,200 long polls, waited", fmt.Sprint(waited.Load()), "1000", waited.Load() == 1000},
		{"refused with 503", fmt.Sprint(refused.Load()), "200", refused.Load() == 200},
		{"connections to Redis meanwhile", fmt.Sprint(most), "at most 17", most <= 17 && most > 0},
	}, nil
}
