package upstash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"sync"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/version"
)

// maxErrorBody bounds what is read of an answer that is not 200.
const maxErrorBody = 64 << 10

var (
	errRedirect = errors.New("redirect refused: is the URL the one of the REST API?")
	errTooLong  = errors.New("answer is longer than the limit")
)

// call is one request for one or more commands.
type call struct {
	op, path string
	cmds     [][]string
	body     any
}

// send sends the request and returns the decoded body of an answer with status
// 200.
func (c *transport) send(ctx context.Context, r call) (any, error) {
	var payload bytes.Buffer
	enc := json.NewEncoder(&payload)
	enc.SetEscapeHTML(false) // a "<" would be sent as six bytes
	if err := enc.Encode(r.body); err != nil {
		return nil, &redis.Error{Op: r.op, Err: err}
	}
	res, err := c.post(ctx, r.path, payload.Bytes(), nil)
	if err != nil {
		return nil, lost(ctx, r.op, err)
	}
	defer res.Body.Close()
	c.sync.keep(res.Header)
	if res.StatusCode != http.StatusOK {
		return nil, c.refused(r.op, res, r.cmds...)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, c.maxBody+1))
	if err != nil {
		return nil, lost(ctx, r.op, err)
	}
	if int64(len(body)) > c.maxBody {
		return nil, &redis.Error{Op: r.op, Status: res.StatusCode, Err: fmt.Errorf("%w of %d bytes", errTooLong, c.maxBody)}
	}
	decoded, err := decodeBody(body)
	if err != nil {
		return nil, &redis.Error{Op: r.op, Status: res.StatusCode, Err: err}
	}
	return decoded, nil
}

func (c *transport) post(ctx context.Context, path string, payload []byte, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, header)
	req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", version.UserAgent)
	c.sync.send(req.Header)
	return c.http.Do(req)
}

// refused reads the error out of an answer that is not 200. A proxy in front
// answers with HTML: of that only the status is reported.
func (c *transport) refused(op string, res *http.Response, cmds ...[]string) error {
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxErrorBody)) // a body cut short still has its status
	if decoded, err := decodeBody(body); err == nil {
		if r, err := asReply(decoded); err == nil && r.failed {
			said := c.refusal(op, res.StatusCode, r.message, cmds...)
			said.RetryAfter = retryAfter(res.Header)
			return said
		}
	}
	e := &redis.Error{Op: op, Status: res.StatusCode, RetryAfter: retryAfter(res.Header)}
	if res.StatusCode/100 == 3 {
		e.Err = errRedirect
	}
	return e
}

// lost is the error of a call that brought no whole answer. The URL is taken
// out of net/http's error: for a subscription it holds the channel.
func lost(ctx context.Context, op string, err error) error {
	if inURL, ok := errors.AsType[*url.Error](err); ok {
		err = inURL.Err
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return redis.Lost(op, err)
}

// syncToken is the newest Upstash-Sync-Token: sent back, it makes a read see
// this client's earlier writes on a database with read regions. With calls in
// flight at once the last answer wins, as in Upstash's own client.
type syncToken struct {
	mu    sync.Mutex
	value string
}

const syncHeader = "Upstash-Sync-Token"

func (s *syncToken) keep(h http.Header) {
	if v := h.Get(syncHeader); v != "" {
		s.mu.Lock()
		s.value = v
		s.mu.Unlock()
	}
}

func (s *syncToken) send(h http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value != "" {
		h.Set(syncHeader, s.value)
	}
}
