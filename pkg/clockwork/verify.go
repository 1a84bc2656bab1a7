package clockwork

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
)

// VerifyToken asks Clockwork for today's worklogs of an account, the cheapest
// call that needs a token.
//
// Success proves that Clockwork accepts the token and knows the account for
// it. It does not prove that the token belongs to the account: Clockwork has
// no "who am I", and an administrator's token sees everybody. A token that is
// not accepted is an *upstream.Error with status 401 or 403.
func (c *Client) VerifyToken(ctx context.Context, token secret.Text, accountID string) error {
	today := c.now().UTC()
	resp, err := c.rest.Do(ctx, rest.Request{
		Op: "token.verify", Path: []string{"worklogs"}, Header: tokenHeader(token),
		Query: WorklogQuery{AccountID: accountID, From: today, To: today}.params(),
	})
	if err != nil {
		return err
	}
	if _, _, err := decodeWorklogs(resp.Body); err != nil {
		return resp.Fail(err)
	}
	return nil
}
