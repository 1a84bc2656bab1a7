package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// healthWait is how long the server may take to answer.
const healthWait = 3 * time.Second

// healthCheck asks the server on this machine's port for its health, because the
// image has no other HTTP client. It does not check the upstreams, because a restart
// of this server would not help them.
func healthCheck(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, healthWait)
	defer cancel()
	address := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) + "/api/health"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	response, err := http.DefaultTransport.RoundTrip(request) // RoundTrip follows no redirect
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("health check: the server answered %d", response.StatusCode)
	}
	return nil
}
