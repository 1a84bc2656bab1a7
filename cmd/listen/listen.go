// Package listen serves HTTP until its context ends, and then lets requests
// that are under way finish.
package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	// drain is how long requests may take to finish at the end.
	drain = 10 * time.Second
	// headerTimeout ends connections that send their header drop by drop.
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
)

// On listens on a host's port; "" is every interface, and 0 lets the system
// choose.
func On(host string, port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
}

// Serve answers on listener until ctx ends. Requests see that end in their own
// context, so that long polls answer rather than hold the process.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	ending, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return ending },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	return shutDown(server, end, failed)
}

// shutDown first lets requests finish by themselves, then ends their contexts.
func shutDown(server *http.Server, end context.CancelFunc, failed <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	polls := time.AfterFunc(drain/5, end)
	defer polls.Stop()
	err := server.Shutdown(ctx)
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		return errors.Join(err, served)
	}
	return err
}
