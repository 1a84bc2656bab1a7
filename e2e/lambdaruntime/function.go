// Package lambdaruntime runs a function that "vercel build" has built, without AWS.
// It plays the Lambda Runtime API for the built bootstrap, and sends it requests in
// the format of Vercel's Go bridge. It does not do concurrency, freezing between
// invocations, memory limits or tracing.
package lambdaruntime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/clockwork-timer/backend/e2e/process"
)

// maxBody bounds bodies in both directions. Lambda's own limit is 6 MB.
const maxBody = 6 << 20

// Function is a running bootstrap. It is an http.RoundTripper, so an http.Client with
// it as Transport calls the function; the URL's host only becomes the Host header.
// Requests run one after the other, as in one Lambda instance.
type Function struct {
	api     *runtimeAPI
	process *process.Process
}

// Start starts the bootstrap. Its environment is env (NAME=value) and what Lambda
// adds, nothing else. The caller must call Stop.
func Start(bootstrap string, env []string) (*Function, error) {
	api, err := listen()
	if err != nil {
		return nil, err
	}
	p, err := process.Start(process.Command{
		Path:    bootstrap,
		BareEnv: true,
		Env:     append([]string{"AWS_LAMBDA_RUNTIME_API=" + api.addr(), "AWS_LAMBDA_FUNCTION_NAME=e2e"}, env...),
	})
	if err != nil {
		return nil, errors.Join(err, api.close())
	}
	return &Function{api: api, process: p}, nil
}

// Stop ends the bootstrap and its Runtime API.
func (f *Function) Stop() error {
	return errors.Join(f.process.Stop(), f.api.close())
}

// Output returns what the function printed, its log.
func (f *Function) Output() string { return f.process.Output() }

// RoundTrip sends the request to the function and waits for its answer. It fails if
// the function crashes or reports an error to the runtime. A client of Vercel would
// then get 500 FUNCTION_INVOCATION_FAILED.
func (f *Function) RoundTrip(r *http.Request) (*http.Response, error) {
	payload, err := encodeRequest(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	go func() {
		select {
		case <-f.process.Exited():
			cancel(fmt.Errorf("the function ended: %v", f.process.Err()))
		case <-ctx.Done():
		}
	}()
	answer, err := f.api.invoke(ctx, payload)
	if err != nil {
		return nil, fmt.Errorf("invoke: %w (%v); the function printed:\n%s", err, context.Cause(ctx), f.Output())
	}
	return decodeResponse(r, answer)
}

// Get sends GET with a request target, for example "/api/health?deep=1".
func (f *Function) Get(ctx context.Context, target string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+target, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := f.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	var b strings.Builder
	_, err = io.Copy(&b, resp.Body)
	return resp.StatusCode, b.String(), err
}

func readAll(r io.Reader) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(r, maxBody+1))
	if err == nil && n > maxBody {
		err = fmt.Errorf("body over %d bytes", maxBody)
	}
	return b.Bytes(), err
}
