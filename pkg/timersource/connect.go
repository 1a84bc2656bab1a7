package timersource

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
)

const (
	connectAddon  = "clockwork-cloud"
	connectModule = "clockwork-timers"
)

// Connect reads timers from Clockwork's report API with a JWT that a Jira
// servlet makes for the session.
type Connect struct {
	site   *site
	report *clockwork.Report
	host   string
	log    *slog.Logger
	now    func() time.Time
}

// NewConnect returns the source, or an error that names the option at fault.
func NewConnect(opts Options) (*Connect, error) {
	if err := opts.setDefaults(); err != nil {
		return nil, fmt.Errorf("connect source: %w", err)
	}
	s, err := opts.site()
	if err != nil {
		return nil, fmt.Errorf("connect source: %w", err)
	}
	report, err := clockwork.NewReport(clockwork.Options{
		BaseURL: opts.ReportBaseURL, Transport: opts.Transport, Log: opts.Log, Breaker: opts.ReportBreaker, Now: opts.Now, Sleep: opts.Sleep,
	})
	if err != nil {
		return nil, fmt.Errorf("connect source: %w", err)
	}
	return &Connect{site: s, report: report, host: opts.SiteHost, log: opts.Log, now: opts.Now}, nil
}

// Name is "connect".
func (c *Connect) Name() string { return "connect" }

// Acquire asks Jira's servlet for a context JWT, which lives about 15 minutes.
func (c *Connect) Acquire(ctx context.Context) (Token, error) {
	resp, err := c.site.do(ctx, rest.Request{
		Op:     "connect.token",
		Method: http.MethodPost,
		Path:   []string{"plugins", "servlet", "ac", connectAddon, connectModule},
		Query:  url.Values{"classifier": {"json"}},
		Form: url.Values{
			"plugin-key": {connectAddon}, "key": {connectModule}, "classifier": {"json"},
			"width": {"100%"}, "height": {"100%"}, "product-context": {"{}"},
		},
		ReadOnly: true, // it makes a token and changes nothing
	})
	if err != nil {
		return Token{}, fmt.Errorf("acquire connect token: %w", err)
	}
	var answer struct {
		ContextJWT string `json:"contextJwt"`
	}
	if err := resp.Decode(&answer); err != nil {
		return Token{}, fmt.Errorf("acquire connect token: %w: %w", ErrUnknownShape, err)
	}
	token, err := newToken(answer.ContextJWT)
	if err != nil {
		return Token{}, fmt.Errorf("acquire connect token: %w", err)
	}
	return token, nil
}

// Timers reads every page of running timers: see the package comment.
func (c *Connect) Timers(ctx context.Context, token Token, cached Cached) (Snapshot, error) {
	read := func(ctx context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		got, err := c.report.TimersPage(ctx, token.Value, c.host, page)
		return got, clockworkError(err)
	}
	snapshot, err := readTimers(ctx, read, c.now, cached)
	if err != nil {
		return Snapshot{}, fmt.Errorf("read timers by connect: %w", err)
	}
	c.log.InfoContext(ctx, "timers read by connect, which Clockwork is replacing: with TIMER_SOURCE=auto the sync changes to forge by itself")
	return snapshot, nil
}
