// Package listen serves HTTP until its context ends, and then waits for requests in
// flight.
package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/panics"
)

const (
	// shutdownGrace is how long requests in flight may take once the context has
	// ended.
	shutdownGrace = 10 * time.Second
	// headerTimeout closes connections that send their header slowly.
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	// writeTimeout closes connections whose client does not read. It begins after the
	// request's header, so it includes reading the body and the 25 s that a request
	// may take. Streams set deadlines of their own; WebSockets are hijacked.
	writeTimeout = 60 * time.Second
	idleTimeout  = 2 * time.Minute
	maxHeader    = 32 << 10
)

// On listens on a port of host. An empty host is every interface; port 0 lets the
// system choose one.
func On(host string, port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
}

// Serve serves handler on listener until ctx ends. Then long polls answer at once,
// and other requests have shutdownGrace to finish. It returns an error if the
// listener fails, or if requests had to be cut off.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	return serve(ctx, listener, handler, writeTimeout)
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler, writeTimeout time.Duration) error {
	draining, drain := context.WithCancel(context.Background())
	ending, end := context.WithCancel(httpapi.WithDrain(context.WithoutCancel(ctx), draining))
	defer drain()
	defer end()
	unused := &newConns{}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return ending },
		ConnState:         unused.track,
	}
	failed := make(chan error, 1)
	go func() { failed <- panics.Try(func() error { return server.Serve(listener) }) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain()
	unused.close()
	return shutDown(server, failed)
}

// shutDown waits for requests, and cuts off those that do not finish.
func shutDown(server *http.Server, failed <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	err := server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests were cut off: %w", err), server.Close())
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		return errors.Join(err, served)
	}
	return err
}

// newConns are the connections on which no request has come yet: clients open some in
// advance. http.Server.Shutdown would wait five seconds for them.
type newConns struct {
	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

func (n *newConns) track(c net.Conn, state http.ConnState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(n.conns, c)
	case n.closed:
		_ = c.Close()
	default:
		if n.conns == nil {
			n.conns = map[net.Conn]bool{}
		}
		n.conns[c] = true
	}
}

func (n *newConns) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for c := range n.conns {
		_ = c.Close()
	}
}
