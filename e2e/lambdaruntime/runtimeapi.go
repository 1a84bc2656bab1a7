package lambdaruntime

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// maxDuration is the deadline if the caller has none. It is the maxDuration of
// vercel.json.
const maxDuration = 30 * time.Second

// runtimeAPI is the part of Lambda's Runtime API, version 2018-06-01, that a Go
// bootstrap uses.
type runtimeAPI struct {
	listener net.Listener
	server   *http.Server
	pending  chan *invocation // received by next
	running  chan *invocation // of size 1: the invocation that the function works on
	turn     chan struct{}    // of size 1: full while a request runs
	failed   chan error       // of size 1: the function's init error
	count    int              // invocations so far; guarded by turn
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	answer   chan outcome // of size 1
}

type outcome struct {
	body []byte
	err  error
}

func listen() (*runtimeAPI, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the runtime API: %w", err)
	}
	a := &runtimeAPI{
		listener: l,
		pending:  make(chan *invocation),
		running:  make(chan *invocation, 1),
		turn:     make(chan struct{}, 1),
		failed:   make(chan error, 1),
	}
	const base = "/2018-06-01/runtime"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"/invocation/next", a.next)
	mux.HandleFunc("POST "+base+"/invocation/{id}/response", a.response)
	mux.HandleFunc("POST "+base+"/invocation/{id}/error", a.failure)
	mux.HandleFunc("POST "+base+"/init/error", a.initError)
	a.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = a.server.Serve(l) }()
	return a, nil
}

func (a *runtimeAPI) addr() string { return a.listener.Addr().String() }

func (a *runtimeAPI) close() error { return a.server.Close() }

// invoke sends the payload to the function and returns its answer.
func (a *runtimeAPI) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	a.count++
	inv := &invocation{id: strconv.Itoa(a.count), payload: payload, answer: make(chan outcome, 1)}
	var bounded bool
	if inv.deadline, bounded = ctx.Deadline(); !bounded {
		inv.deadline = time.Now().Add(maxDuration)
	}
	select {
	case a.pending <- inv:
	case err := <-a.failed:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case out := <-inv.answer:
		return out.body, out.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case inv := <-a.pending:
		select {
		case <-a.running: // its caller has given up
		default:
		}
		a.running <- inv
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:e2e")
		_, _ = w.Write(inv.payload)
	case <-r.Context().Done():
	}
}

func (a *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	body, err := readAll(r.Body)
	a.finish(w, r, outcome{body: body, err: err})
}

func (a *runtimeAPI) failure(w http.ResponseWriter, r *http.Request) {
	body, err := readAll(r.Body)
	a.finish(w, r, outcome{err: errors.Join(fmt.Errorf("function failed: %s", body), err)})
}

func (a *runtimeAPI) finish(w http.ResponseWriter, r *http.Request, out outcome) {
	select {
	case inv := <-a.running:
		if inv.id != r.PathValue("id") {
			out = outcome{err: fmt.Errorf("function answered invocation %s, not %s", r.PathValue("id"), inv.id)}
		}
		inv.answer <- out
		w.WriteHeader(http.StatusAccepted)
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

func (a *runtimeAPI) initError(w http.ResponseWriter, r *http.Request) {
	body, _ := readAll(r.Body)
	select {
	case a.failed <- fmt.Errorf("function failed to start: %s", body):
	default:
	}
	w.WriteHeader(http.StatusAccepted)
}
