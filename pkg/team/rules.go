package team

import (
	"errors"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Errors of those who may not see the team.
var (
	ErrOff        = errors.New("nobody may see the team")
	ErrAdminsOnly = errors.New("only admins may see the team")
)

// View says who may see the team.
type View string

// The values of TEAM_VIEW.
const (
	Off    View = "off"
	Admins View = "admins"
	All    View = "all" // everybody who is signed in
)

// Rules are what the operator has decided.
type Rules struct {
	View View
	Open bool // nobody signs in, so everybody is let in unless the view is off
	// HideComments and HideIssues are about what is shown to those who are no admins.
	// Without its issue a timer is not shown at all.
	HideComments, HideIssues bool
}

// Viewer is who looks. Nobody is known of one in open mode.
type Viewer struct {
	AccountID string
	Admin     bool
}

// Allow says whether the viewer may see others at all: nil, ErrOff or ErrAdminsOnly.
func (r Rules) Allow(v Viewer) error {
	switch {
	case r.View == Off:
		return ErrOff
	case r.Open, v.Admin, r.View == All:
		return nil
	}
	return ErrAdminsOnly
}

// Sight is what one viewer may see of others.
type Sight struct {
	Viewer  Viewer
	Rules   Rules
	Choices Choices
}

// Of is how much the viewer sees of an account. People see themselves in full. What a
// person has chosen is obeyed towards admins too.
func (s Sight) Of(accountID string) timercache.Detail {
	choice := s.Choices[accountID]
	switch {
	case accountID == s.Viewer.AccountID:
		return timercache.Everything
	case choice == Hidden:
		return timercache.Nothing
	case choice == StatusOnly, s.Rules.HideIssues && !s.Viewer.Admin:
		return timercache.StatusOnly
	case s.Rules.HideComments && !s.Viewer.Admin:
		return timercache.NoComments
	}
	return timercache.Everything
}
