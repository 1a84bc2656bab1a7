package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// farAway is how much later Redis answers in the attacks on it.
const farAway = 30 * time.Millisecond

const activePath = "/api/timers/active"

// redisBurst sends 1,000 requests at once, as everybody's desktop app does after a
// restart.
func redisBurst(ctx context.Context, l *lab) ([]figure, error) {
	s, err := l.server(ctx)
	if err != nil {
		return nil, err
	}
	s.proxy.Delay(farAway)
	const requests = 1000
	var good atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range requests {
		all.Go(func() {
			if s.status(ctx, activePath) == http.StatusOK {
				good.Add(1)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	return []figure{
		{"answers 200 of 1,000 requests at once, Redis 30 ms away", fmt.Sprint(good.Load()), "1000", good.Load() == requests},
		{"time for all of them", took.Round(time.Millisecond).String(), "under 5s", took < 5*time.Second},
	}, nil
}

// redisLoad runs 300 clients. Each waits for the answer before it sends its next
// request.
func redisLoad(ctx context.Context, l *lab) ([]figure, error) {
	s, err := l.server(ctx)
	if err != nil {
		return nil, err
	}
	s.proxy.Delay(farAway)
	const clients, length = 300, 10 * time.Second
	loaded, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var good, bad atomic.Int64
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for {
				status := s.status(loaded, activePath)
				switch {
				case loaded.Err() != nil:
					return
				case status == http.StatusOK:
					good.Add(1)
				default:
					bad.Add(1)
				}
			}
		})
	}
	all.Wait()
	rate := float64(good.Load()) / length.Seconds()
	return []figure{
		{"reads/s from 300 clients, Redis 30 ms away", fmt.Sprintf("%.0f", rate), "5000 on 2 free cores", rate >= 5000},
		{"answers other than 200", fmt.Sprint(bad.Load()), "0", bad.Load() == 0},
		{"connections to Redis", fmt.Sprint(s.proxy.Opened()), "at most 18", s.proxy.Opened() <= 18},
	}, nil
}
