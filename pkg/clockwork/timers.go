package clockwork

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// StartTimer starts a timer of the token's owner on an issue, and returns when
// Clockwork did so, by Clockwork's own clock (the Date of its answer, in whole
// seconds). Clockwork answers neither an id nor whether it kept the comment, and
// a site setting decides whether an older timer is stopped: read the list
// afterwards.
//
// It is sent once. After a lost answer the timer may or may not run.
func (c *Client) StartTimer(ctx context.Context, token secret.Text, issueKey, comment string) (time.Time, error) {
	body := struct {
		IssueKey string `json:"issue_key"`
		Comment  string `json:"comment,omitempty"`
	}{issueKey, comment}
	return c.command(ctx, "timers.start", "start_timer", token, body)
}

// StopTimer stops the timer of the token's owner on an issue, and returns when
// Clockwork did so, by Clockwork's own clock. If none runs there the error is
// ErrNotRunning, and the time is that of the answer.
func (c *Client) StopTimer(ctx context.Context, token secret.Text, issueKey string) (time.Time, error) {
	body := struct {
		IssueKey string `json:"issue_key"`
	}{issueKey}
	at, err := c.command(ctx, "timers.stop", "stop_timer", token, body)
	e, ok := errors.AsType[*upstream.Error](err)
	if ok && e.Status == http.StatusUnprocessableEntity {
		return e.At, fmt.Errorf("%w: %w", ErrNotRunning, err)
	}
	return at, err
}

// command posts body. Any 2xx is done, whatever its body says: some answers
// are empty, some are a message to show. The time is zero if the answer has none.
func (c *Client) command(ctx context.Context, op, path string, token secret.Text, body any) (time.Time, error) {
	answer, err := c.rest.Do(ctx, rest.Request{
		Op: op, Method: http.MethodPost, Path: []string{path}, Header: tokenHeader(token), JSON: body,
	})
	if err != nil {
		return time.Time{}, err
	}
	return rest.Date(answer.Header), nil
}
