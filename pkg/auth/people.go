package auth

import (
	"context"
	"log/slog"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/config"
)

// People says who somebody is now. It is asked at each sign-in, each refresh of a
// session and each use of a personal token, so that whoever has left, or is no admin
// any more, loses that with what they hold.
type People struct {
	Config *config.Auth
	Jira   interface {
		Active(ctx context.Context, accountID string) (bool, error)
	}
	JiraTimeout time.Duration // for which a request can wait that does without Jira
	Log         *slog.Logger
}

// Current is the person as the configuration has them now. ok is false if they have left:
// they logged in with a password and are not in AUTH_USERS any more.
func (p People) Current(who users.User, provider string) (now users.User, ok bool) {
	listed, found := p.Config.Users.ByID(who.ID())
	if found {
		who.Email = listed.Email
	}
	who.Role = listed.Role
	if p.Config.IsAdmin(who.AccountID) {
		who.Role = RoleAdmin
	}
	return who, found || provider != ProviderPassword
}

// Active reports whether the person's Atlassian account is open. known is false if Jira
// does not say: they go on, and Jira is to be asked again. For a password the operator's
// list decides, so Jira is not asked.
func (p People) Active(ctx context.Context, accountID, provider string) (active, known bool) {
	if provider == ProviderPassword {
		return true, true
	}
	ctx, cancel := context.WithTimeout(ctx, p.JiraTimeout)
	defer cancel()
	active, err := p.Jira.Active(ctx, accountID)
	if err != nil {
		p.Log.WarnContext(ctx, "not known whether an account is active", "error", err)
		return true, false
	}
	return active, true
}
