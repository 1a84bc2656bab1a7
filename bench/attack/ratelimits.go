package main

import (
	"context"
	"fmt"
	"net/http"
)

// rateLimits sends 2,500 requests from one address to each kind of route that
// anybody can reach.
func rateLimits(ctx context.Context, l *lab) ([]figure, error) {
	s, err := l.server(ctx, "RATE_LIMIT=on", proxied, "INNGEST_EVENT_KEY=event-key-0123", "INNGEST_SIGNING_KEY=signkey-prod-00112233445566778899aabbccddeeff")
	if err != nil {
		return nil, err
	}
	const requests, least = 2500, 500
	var figures []figure
	for n, route := range []struct {
		name, method, path string
		headers            []string
	}{
		{"health", http.MethodGet, "/api/health", nil},
		{"Inngest, unsigned", http.MethodPost, inngestPath, nil},
		{"/ws with a bad token", http.MethodGet, "/ws?token=x", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}},
		{"stream with a bad token", http.MethodGet, "/api/timers/stream?token=x", nil},
		{"timers", http.MethodGet, activePath, nil},
		{"pages", http.MethodGet, "/", nil},
		{"unknown paths", http.MethodGet, "/api/nothing", nil},
	} {
		refused := 0
		for range requests {
			if status, _, _ := s.send(ctx, route.method, route.path, "", append(route.headers, "X-Forwarded-For", from(n))...); status == http.StatusTooManyRequests {
				refused++
			}
		}
		figures = append(figures, figure{"of 2,500 requests to " + route.name + ", refused", fmt.Sprint(refused), fmt.Sprintf("at least %d", least), refused >= least})
	}
	return figures, ctx.Err()
}
