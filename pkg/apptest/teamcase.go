package apptest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// TeamCase is one row of the table that says who may see what about a person. That
// person is Colleague, whose running timer has marked texts. A test builds a World
// with Options, calls Given, sends Header to a channel, and compares the answer with
// Team by AssertSees.
type TeamCase struct {
	Role       string
	View, Hide string // TEAM_VIEW and TEAM_HIDE
	Choice     team.Choice
	// Team is what a channel that shows the team must show. Code is the error code if
	// it must refuse.
	Team Sight
	Code string
}

// Sight is how much somebody sees of Colleague. Each value includes the values before
// it.
type Sight int

const (
	SeesNobody  Sight = iota
	SeesPerson        // the name, and whether a timer runs
	SeesIssue         // also the issue
	SeesComment       // also the comment
)

// Colleague is the person that a TeamCase is about.
var Colleague = timer.Person{AccountID: "5fmarked0account", DisplayName: "Marked-name", EmailAddress: "marked-address@acme.example"}

var marks = map[Sight][]string{
	SeesPerson:  {Colleague.AccountID, Colleague.DisplayName},
	SeesIssue:   {"MARKED-7", "Marked-summary", "Marked-project"},
	SeesComment: {"Marked-comment"},
}

// Roles of a TeamCase. In open mode the caller is not known.
const (
	RoleOpen       = "open"
	RoleSelf       = "self"
	RoleUser       = "user"
	RoleAdmin      = "admin"
	RoleReadToken  = "read-token-of-an-admin"
	RoleAdminToken = "admin-token-of-an-admin"
	RoleUsersToken = "admin-token-of-a-user"
	RoleCalendar   = "calendar-token-of-an-admin"
)

// IsAdmin reports whether the role may read everybody's timers.
func (c TeamCase) IsAdmin() bool { return c.Role == RoleAdmin || c.Role == RoleAdminToken }

// TeamCases returns the whole table.
func TeamCases() (all []TeamCase) {
	for _, role := range []string{RoleOpen, RoleSelf, RoleUser, RoleAdmin, RoleReadToken, RoleAdminToken, RoleUsersToken, RoleCalendar} {
		for _, view := range []string{"off", "admins", "all"} {
			for _, hide := range []string{"", "comments", "issues", "comments,issues"} {
				for _, choice := range []team.Choice{team.Full, team.StatusOnly, team.Hidden} {
					c := TeamCase{Role: role, View: view, Hide: hide, Choice: choice}
					c.Team, c.Code = c.expect()
					all = append(all, c)
				}
			}
		}
	}
	return all
}

func (c TeamCase) expect() (Sight, string) {
	switch {
	case c.Role == RoleCalendar:
		return SeesNobody, "SCOPE_TOO_SMALL"
	case c.View == "off":
		return SeesNobody, "TEAM_VIEW_OFF"
	case c.View == "admins" && c.Role != RoleOpen && !c.IsAdmin():
		return SeesNobody, "FORBIDDEN"
	case c.Role == RoleSelf:
		return SeesComment, ""
	case c.Choice == team.Hidden:
		return SeesNobody, ""
	case c.Choice == team.StatusOnly:
		return SeesPerson, ""
	case c.IsAdmin():
		return SeesComment, ""
	case strings.Contains(c.Hide, "issues"):
		return SeesPerson, ""
	case c.Hide == "comments":
		return SeesIssue, ""
	}
	return SeesComment, ""
}

func (c TeamCase) String() string {
	return fmt.Sprintf("%s view=%s hide=%q choice=%s", c.Role, c.View, c.Hide, c.Choice)
}

const teamSecret = "a-secret-of-more-than-32-bytes-for-tests"

// Options returns the options of a World for the case. Cases that differ only in role
// and choice can share a World, unless one role is open and the other is not.
func (c TeamCase) Options() Options {
	mode := "required"
	if c.Role == RoleOpen {
		mode = "open"
	}
	const hash = `"password_hash":"$argon2id$v=19$m=4096,t=1,p=1$c2FsdC1vZi1hLXRlc3QhIQ$Yiy0T3CRxG2jePdR87+xGwwMgT6t5zUlcCT7j5ppPws"`
	return Options{Env: map[string]string{"AUTH_MODE": mode, "JWT_SECRET": teamSecret, "TEAM_VIEW": c.View, "TEAM_HIDE": c.Hide,
		"AUTH_USERS": `[{"username":"5fadmin0account","account_id":"5fadmin0account","role":"admin",` + hash + `},{"username":"5fuser0account","account_id":"5fuser0account",` + hash + `}]`}}
}

// Given starts Colleague's timer, and saves Colleague's choice.
func (c TeamCase) Given(t testing.TB, w *World) {
	t.Helper()
	require.NoError(t, w.Deps.Timers.Started(t.Context(), Colleague, timer.Timer{ID: -7, StartedAt: w.Clock.Now(), Comment: new(marks[SeesComment][0]), RunningFor: Colleague.AccountID,
		Issue:  timer.Issue{Key: marks[SeesIssue][0], ID: 70007, Summary: marks[SeesIssue][1], ProjectName: marks[SeesIssue][2]},
		Author: &Colleague, WithinWorkingHours: true}, "", nil))
	require.NoError(t, w.Deps.Team.Choose(t.Context(), Colleague.AccountID, c.Choice))
}

// Header returns the caller's credentials.
func (c TeamCase) Header(t testing.TB, w *World) map[string]string {
	t.Helper()
	account, role := "5fadmin0account", "admin"
	switch c.Role {
	case RoleSelf:
		account, role = Colleague.AccountID, ""
	case RoleUser, RoleUsersToken:
		account, role = "5fuser0account", ""
	}
	scope, isToken := map[string]accesstoken.Scope{RoleReadToken: accesstoken.Read, RoleAdminToken: accesstoken.Admin, RoleUsersToken: accesstoken.Admin, RoleCalendar: accesstoken.Calendar}[c.Role]
	switch {
	case c.Role == RoleOpen:
		return nil
	case isToken:
		_, text, err := w.Deps.Tokens.Create(t.Context(), accesstoken.Token{UserID: account, AccountID: account, Provider: auth.ProviderPassword, Scope: scope}, 30)
		require.NoError(t, err)
		return map[string]string{"Authorization": "Bearer " + text}
	default:
		return map[string]string{"Authorization": w.Login(users.User{Username: account, AccountID: account, Role: role})}
	}
}

// AssertSees asserts that got has the texts about Colleague that want allows, and no
// others.
func AssertSees(t testing.TB, want Sight, got, what string) {
	t.Helper()
	for sight, texts := range marks {
		for _, text := range texts {
			assert.Equal(t, sight <= want, strings.Contains(got, text), "%s: %s in %s", what, text, got)
		}
	}
}
