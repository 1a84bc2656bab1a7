package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox"
)

func (f *fixture) cookie() []string {
	return []string{"Cookie", "tenant.session.token=" + f.creds.SessionToken.Reveal()}
}

func (f *fixture) servlet(t *testing.T, module string, header ...string) answer {
	t.Helper()
	header = append(header, "Content-Type", "application/x-www-form-urlencoded")
	return do(t, http.MethodPost, f.JiraURL+"/plugins/servlet/ac/clockwork-cloud/"+module+"?classifier=json", "key="+module, header...)
}

func (f *fixture) timersPage(t *testing.T, contextJWT string, page int) answer {
	t.Helper()
	q := url.Values{"page": {fmt.Sprint(page)}, "xdm_e": {"https://" + f.Site().Host}}
	return do(t, http.MethodGet, f.ReportURL+"/timers.json?"+q.Encode(), "", "Authorization", "JWT "+contextJWT)
}

func (f *fixture) contextJWT(t *testing.T) string {
	t.Helper()
	got := f.servlet(t, "clockwork-timers", f.cookie()...)
	require.Equal(t, http.StatusOK, got.status)
	return got.at("contextJwt").(string)
}

func TestServlet(t *testing.T) {
	for _, test := range []struct {
		name, module string
		cookie       string // empty: the right one
		set          func(*sandbox.Switches)
		wantStatus   int
	}{
		{name: "timers", module: "clockwork-timers", wantStatus: 200},
		{name: "log-work-dialog", module: "log-work-dialog", wantStatus: 200},
		{name: "unknown-module", module: "reports", wantStatus: 404},
		{name: "gone", module: "clockwork-timers", set: func(s *sandbox.Switches) { s.ConnectGone = true }, wantStatus: 404},
		{name: "wrong-cookie", module: "clockwork-timers", cookie: "tenant.session.token=x", wantStatus: 302},
		{name: "other-cookie", module: "clockwork-timers", cookie: "JSESSIONID=x", wantStatus: 302},
		{name: "session-expired", module: "clockwork-timers", set: func(s *sandbox.Switches) { s.SessionExpired = true }, wantStatus: 302},
		{name: "refused-with-html", module: "clockwork-timers", set: func(s *sandbox.Switches) { s.SessionExpired, s.SessionRefusal = true, "html" }, wantStatus: 200},
		{name: "refused-with-403", module: "clockwork-timers", set: func(s *sandbox.Switches) { s.SessionExpired, s.SessionRefusal = true, "forbidden" }, wantStatus: 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, sandbox.Options{})
			if test.set != nil {
				f.Switch(test.set)
			}
			header := f.cookie()
			if test.cookie != "" {
				header[1] = test.cookie
			}

			got := f.servlet(t, test.module, header...)

			assert.Equal(t, test.wantStatus, got.status)
			wantToken := test.wantStatus == 200 && test.set == nil
			assert.Equal(t, wantToken, got.at("contextJwt") != nil, got.text)
		})
	}
}

func TestSessionCookieEndsByItsOwnExpiry(t *testing.T) {
	f := start(t, sandbox.Options{SessionLifetime: time.Hour})
	f.clock.Advance(59 * time.Minute)
	assert.Equal(t, http.StatusOK, f.servlet(t, "clockwork-timers", f.cookie()...).status)
	f.clock.Advance(time.Minute)
	assert.Equal(t, http.StatusFound, f.servlet(t, "clockwork-timers", f.cookie()...).status)
}

func TestContextJWT(t *testing.T) {
	f := start(t, sandbox.Options{})
	token := f.contextJWT(t)
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(token, claims)
	require.NoError(t, err)
	assert.Equal(t, "context-qsh", claims["qsh"])
	assert.Equal(t, f.creds.AccountID, claims["sub"])
	assert.InDelta(t, testNow.Add(15*time.Minute).Unix(), claims["exp"], 0)
	forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("a guess"))
	require.NoError(t, err)
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)

	assert.Equal(t, http.StatusOK, f.timersPage(t, token, 1).status)
	assert.Equal(t, http.StatusUnauthorized, f.timersPage(t, forged, 1).status)
	assert.Equal(t, http.StatusUnauthorized, f.timersPage(t, none, 1).status)
	assert.Equal(t, http.StatusUnauthorized, f.timersPage(t, "", 1).status)
	assert.Equal(t, http.StatusUnauthorized, do(t, http.MethodGet, f.ReportURL+"/timers.json", "", "Authorization", "Bearer "+token).status)
	foreign := do(t, http.MethodGet, f.ReportURL+"/timers.json?xdm_e=https://other.atlassian.net", "", "Authorization", "JWT "+token)
	assert.Equal(t, http.StatusBadRequest, foreign.status)

	f.clock.Advance(14*time.Minute + 59*time.Second)
	assert.Equal(t, http.StatusOK, f.timersPage(t, token, 1).status)
	f.clock.Advance(time.Second)
	assert.Equal(t, http.StatusUnauthorized, f.timersPage(t, token, 1).status, "expired")

	renewed := f.contextJWT(t)
	f.RevokeTokens()
	assert.Equal(t, http.StatusUnauthorized, f.timersPage(t, renewed, 1).status, "revoked")
	assert.Equal(t, http.StatusOK, f.timersPage(t, f.contextJWT(t), 1).status)
}

func TestReportPages(t *testing.T) {
	f := start(t, sandbox.Options{PageSize: 3})
	token := f.contextJWT(t)
	seen := map[int64]bool{}
	for page := 1; page <= 3; page++ {
		got := f.timersPage(t, token, page)
		assert.InDelta(t, 7, got.at("total"), 0)
		assert.InDelta(t, 3, got.at("pages"), 0)
		assert.InDelta(t, 3, got.at("maxResults"), 0)
		assert.Equal(t, page == 1, got.at("isFirst"))
		assert.Equal(t, page == 3, got.at("isLast"))
		for i := range got.len("timers") {
			seen[int64(got.at("timers", i, "id").(float64))] = true
		}
	}
	for _, timer := range f.RunningTimers() {
		assert.True(t, seen[timer.ID])
	}
	assert.Len(t, seen, 7)
	assert.Zero(t, f.timersPage(t, token, 4).len("timers"))
}

func TestListMovesBetweenPages(t *testing.T) {
	f := start(t, sandbox.Options{PageSize: 3})
	token := f.contextJWT(t)
	first := f.timersPage(t, token, 1)
	_, err := f.StartTimer(f.creds.AccountID, "OPS-58", "")
	require.NoError(t, err)

	second := f.timersPage(t, token, 2)

	assert.Equal(t, first.at("timers", 2, "id"), second.at("timers", 0, "id"), "a start moves one timer to the next page")
	assert.NotEqual(t, first.at("total"), second.at("total"))
}

func TestReportTimerFields(t *testing.T) {
	f := start(t, sandbox.Options{})
	token := f.contextJWT(t)
	byIssue := func() map[any]map[string]any {
		out, got := map[any]map[string]any{}, f.timersPage(t, token, 1)
		for i := range got.len("timers") {
			out[got.at("timers", i, "issue", "key")] = got.at("timers", i).(map[string]any)
		}
		return out
	}
	before := byIssue()
	f.clock.Advance(time.Minute)
	after := byIssue()

	assert.InDelta(t, 60, after["BILL-214"]["till_now"].(float64)-before["BILL-214"]["till_now"].(float64), 0)
	assert.Equal(t, before["MOB-88"]["till_now"], after["MOB-88"]["till_now"], "on hold")
	assert.Equal(t, false, after["MOB-88"]["within_working_hours"])
	assert.Nil(t, after["BILL-214"]["finished_at"])
	assert.Nil(t, after["PORTAL-318"]["comment"])
	assert.Equal(t, f.person(t, "Noah Fischer").AccountID, after["OPS-57"]["running_for"])
	assert.Equal(t, f.creds.AccountID, after["OPS-57"]["author"].(map[string]any)["accountId"])
	_, err := time.Parse(time.RFC3339, after["OPS-57"]["started_at"].(string))
	assert.NoError(t, err)

	f.Switch(func(s *sandbox.Switches) { s.OmitAuthors = true })
	assert.NotContains(t, byIssue()["OPS-57"], "author")
}

func TestFinishedTimersInLists(t *testing.T) {
	f := start(t, sandbox.Options{})
	token := f.contextJWT(t)
	_, err := f.StopTimer(f.person(t, "Linh Tran").AccountID, "PORTAL-312")
	require.NoError(t, err)
	_, err = f.StartTimer(f.creds.AccountID, "OPS-58", "")
	require.NoError(t, err)
	_, err = f.StopTimer(f.creds.AccountID, "OPS-58")
	require.NoError(t, err)
	assert.Equal(t, 6, f.timersPage(t, token, 1).len("timers"))
	f.Switch(func(s *sandbox.Switches) { s.ListFinished = true })
	assert.Equal(t, 8, f.timersPage(t, token, 1).len("timers"))
}
