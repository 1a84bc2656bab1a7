package load

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// answerLimit is how long a client waits. The server needs less to answer that Redis
// is down.
const answerLimit = 15 * time.Second

// Server is the server that the clients use.
type Server struct {
	URL    string
	Client *http.Client
}

// NewServer returns a Server for that many clients at once.
func NewServer(address string, clients int) *Server {
	return &Server{URL: address, Client: &http.Client{
		Timeout:   answerLimit,
		Transport: &http.Transport{MaxIdleConns: clients, MaxIdleConnsPerHost: clients, MaxConnsPerHost: 0},
	}}
}

// Leave closes the clients' idle connections.
func (s *Server) Leave() { s.Client.CloseIdleConnections() }

type activeTimers struct {
	Timers []struct {
		Issue struct{ Key string }
	}
	SyncedAt *time.Time
}

// Read requests the person's timers at an interval until ctx ends, and compares the
// answers with t.
func (s *Server) Read(ctx context.Context, t *Truth, bearer string, every time.Duration, tally *Tally) {
	for pause(ctx, every) {
		before, began := t.now(), time.Now()
		var got activeTimers
		status, err := s.read(ctx, t, bearer, &got)
		took := time.Since(began)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			tally.fail(time.Now(), "read: %v", err)
			continue
		case status != http.StatusOK:
			tally.fail(time.Now(), "read: status %d", status)
			continue
		}
		tally.succeeded(took)
		runs := slices.ContainsFunc(got.Timers, func(timer struct{ Issue struct{ Key string } }) bool { return timer.Issue.Key == t.Issue })
		if got.SyncedAt == nil {
			tally.wrongAnswer(began, "%s: the answer says that there was no sync yet", t.Account)
		} else if after := t.now(); before == after && before.known && runs != before.runs {
			tally.wrongAnswer(began, "%s on %s: the answer says running=%t, but it is %t", t.Account, t.Issue, runs, before.runs)
		}
	}
}

// Answers reports whether the server lists the person's timers.
func (s *Server) Answers(ctx context.Context, t *Truth, bearer string) bool {
	status, err := s.read(ctx, t, bearer, nil)
	return err == nil && status == http.StatusOK
}

func (s *Server) read(ctx context.Context, t *Truth, bearer string, into any) (int, error) {
	return s.ask(ctx, http.MethodGet, "/api/timers/active?accountId="+url.QueryEscape(t.Account), bearer, "", nil, into)
}

// Move starts and stops the person's timer alternately until ctx ends. It finishes
// the last change, because a request that is cut off may reach Clockwork but not the
// cache. If uncertain is true for the time since a change began, the state is unknown
// until the next sync.
func (s *Server) Move(ctx context.Context, t *Truth, bearer, clockworkToken string, every time.Duration, uncertain func(since time.Time) bool, tally *Tally) {
	for start := true; pause(ctx, every); start = !start {
		path := "/api/timers/stop"
		if start {
			path = "/api/timers/start"
		}
		t.MarkUnknown()
		began := time.Now()
		body := fmt.Sprintf(`{"issueKey":%q,"accountId":%q}`, t.Issue, t.Account)
		status, err := s.ask(context.WithoutCancel(ctx), http.MethodPost, path, bearer, body, map[string]string{"X-Clockwork-Token": clockworkToken}, nil)
		switch {
		case err != nil:
			tally.fail(time.Now(), "%s: %v", path, err)
		case status/100 != 2 && status != http.StatusUnprocessableEntity: // nothing to change: the answer before was lost
			tally.fail(time.Now(), "%s: status %d", path, status)
		default:
			tally.succeeded(time.Since(began))
			if !uncertain(began) {
				t.Set(start)
			}
		}
	}
}

func (s *Server) ask(ctx context.Context, method, path, bearer, body string, header map[string]string, into any) (int, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := s.Client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && into != nil && answer.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, into)
	}
	return answer.StatusCode, err
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
