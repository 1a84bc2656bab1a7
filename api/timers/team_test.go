package timers_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/team"
)

const teamPath = "/api/team"

// teamChannels are the ways by which somebody's timers reach others, with what each has
// to show in a case.
var teamChannels = []struct {
	name   string
	handle http.HandlerFunc
	target string
	want   func(apptest.TeamCase) (apptest.Sight, string)
}{
	{"team", timers.HandleIndex, teamPath, func(c apptest.TeamCase) (apptest.Sight, string) { return c.Team, c.Code }},
	{"active-all", timers.HandleActive, active + "?accountId=all", func(c apptest.TeamCase) (apptest.Sight, string) {
		switch {
		case c.Role == apptest.RoleSelf:
			return apptest.SeesComment, ""
		case c.Role == apptest.RoleCalendar, c.Code != "" && (c.IsAdmin() || c.Role == apptest.RoleOpen):
			return c.Team, c.Code
		case !c.IsAdmin() && c.Role != apptest.RoleOpen, c.Team == apptest.SeesPerson: // their own alone; a list of timers shows no status
			return apptest.SeesNobody, ""
		}
		return c.Team, ""
	}},
	{"active-of-one", timers.HandleActive, active + "?accountId=" + apptest.Colleague.AccountID, func(c apptest.TeamCase) (apptest.Sight, string) {
		switch {
		case c.Role == apptest.RoleCalendar:
			return c.Team, c.Code
		case c.IsAdmin(), c.Role == apptest.RoleOpen, c.Role == apptest.RoleSelf:
			return apptest.SeesComment, ""
		}
		return apptest.SeesNobody, "FORBIDDEN"
	}},
}

func TestWhoSeesWhom(t *testing.T) {
	worlds := map[string]*apptest.World{}
	for _, c := range apptest.TeamCases() {
		shared := c.Options().Env["AUTH_MODE"] + c.View + c.Hide
		w := worlds[shared]
		if w == nil {
			w = apptest.New(t, c.Options())
			worlds[shared] = w
		}
		w.Clock.Advance(time.Minute) // or there are too many requests
		c.Given(t, w)
		header := c.Header(t, w)
		for _, channel := range teamChannels {
			what := channel.name + ": " + c.String()
			want, code := channel.want(c)
			a := w.Do(t.Context(), channel.handle, apptest.Request{Target: channel.target, Header: header})
			assert.Equal(t, code, a.Failure().Error, what)
			apptest.AssertSees(t, want, string(a.Body), what)
			if channel.target == teamPath {
				assert.NotContains(t, string(a.Body), "@", "addresses are not for colleagues")
			}
		}
	}
}

// Somebody who hides is gone from the next answer, and from the one that others wait for.
func TestHidingEndsAWait(t *testing.T) {
	c := apptest.TeamCase{Role: apptest.RoleOpen, View: "all", Choice: team.Full}
	w := apptest.New(t, c.Options())
	c.Given(t, w)
	for _, channel := range teamChannels[:2] {
		require.NoError(t, w.Deps.Team.Choose(t.Context(), apptest.Colleague.AccountID, team.Full))
		first := w.Do(t.Context(), channel.handle, apptest.Request{Target: channel.target})
		apptest.AssertSees(t, apptest.SeesComment, string(first.Body), channel.name)
		known := map[string]string{"If-None-Match": first.Header.Get("ETag")}
		unchanged := w.Do(t.Context(), channel.handle, apptest.Request{Target: channel.target, Header: known})
		assert.Equal(t, http.StatusNotModified, unchanged.Status)

		answers := make(chan apptest.Answer, 1)
		separator := map[bool]string{true: "&", false: "?"}[channel.target != teamPath]
		go func() {
			answers <- w.Do(context.WithoutCancel(t.Context()), channel.handle, apptest.Request{Target: channel.target + separator + "wait=25", Header: known})
		}()
		require.Eventually(t, func() bool { return w.Deps.LongPolls.Load() == 1 }, time.Minute, time.Millisecond)
		hidden := time.Now()
		require.NoError(t, w.Deps.Team.Choose(t.Context(), apptest.Colleague.AccountID, team.Hidden))
		after := <-answers
		assert.Less(t, time.Since(hidden), 2*time.Second, channel.name)
		assert.Equal(t, http.StatusOK, after.Status)
		apptest.AssertSees(t, apptest.SeesNobody, string(after.Body), channel.name)
	}
}

func TestTeamCosts(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	spent := w.Spent(t, func() {
		require.Equal(t, http.StatusOK, w.Do(t.Context(), timers.HandleIndex, apptest.Request{Target: teamPath}).Status)
	})
	assert.EqualValues(t, 2, spent.Commands)
	assert.EqualValues(t, 1, spent.RoundTrips)
}
