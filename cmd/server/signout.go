package main

import (
	"context"
	"fmt"
	"io"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth/credential"
)

// signOut ends a person's sessions and personal access tokens, or with tokensOnly
// only the tokens. Running servers close the connections that were opened with them;
// an access token that a browser already has lasts for 15 minutes at most.
func signOut(ctx context.Context, d *app.Deps, user string, tokensOnly bool, stdout io.Writer) error {
	if listed, _, found := d.Config.Auth.Users.Find(user); found {
		user = listed.ID()
	}
	tokens, err := d.Tokens.RevokeAll(ctx, user)
	if err != nil {
		return err
	}
	var sessions []string
	if !tokensOnly {
		if sessions, err = d.Sessions.EndAll(ctx, user); err != nil {
			return err
		}
	}
	if ids := append(tokens, sessions...); len(ids) > 0 {
		err = credential.PublishEnded(ctx, d.Redis, user, ids)
	}
	fmt.Fprintf(stdout, "%s: %d sessions and %d personal access tokens ended\n", user, len(sessions), len(tokens))
	return err
}
