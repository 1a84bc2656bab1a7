package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// redisDeadConnections makes the server's open connections to Redis go silent. New
// connections work.
func redisDeadConnections(ctx context.Context, l *lab) ([]figure, error) {
	s, err := l.server(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.until(ctx, "the subscription is open", func() bool { status, _ := s.check(ctx, "messages"); return status == "up" }); err != nil {
		return nil, err
	}
	s.proxy.Swallow()
	swallowed := time.Now()
	failed := 0
	for s.status(ctx, activePath) != http.StatusOK {
		if failed++; ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	back := time.Since(swallowed)
	noticed := l.until(ctx, "health reports it", func() bool { _, message := s.check(ctx, "messages"); return message != "" })
	if noticed != nil {
		return nil, noticed
	}
	reported := time.Since(swallowed)
	return []figure{
		{"reads that failed before one passed", fmt.Sprint(failed), "at most 2", failed <= 2},
		{"until reads pass", back.Round(time.Millisecond).String(), "under 5s", back < 5*time.Second},
		{"until the dead subscription is reported", reported.Round(time.Millisecond).String(), "under 25s with health's 5s", reported < 25*time.Second},
	}, nil
}
