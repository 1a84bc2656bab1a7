package worklogs_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/worklogs"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

const (
	summaryPath  = "/api/worklogs/summary"
	exportPath   = "/api/worklogs/export"
	reportSecret = "a-secret-of-more-than-32-bytes-for-tests"
)

type summaryReply struct {
	Groups   []worklog.Group
	Total    int64
	TimeZone string
}

// asking fills in account ids: 0 to 6 in braces.
func asking(target string) given {
	return func(_ *testing.T, w *apptest.World, r *apptest.Request) {
		r.Target = target
		for n := range 7 {
			r.Target = strings.ReplaceAll(r.Target, fmt.Sprintf("{%d}", n), w.Person(n).AccountID)
		}
	}
}

func TestSummary(t *testing.T) {
	const april = "&from=2026-04-24&to=2026-04-28"
	bad := func(name, query, field string) apptest.Scenario {
		return apptest.Scenario{Name: name, Given: asking(summaryPath + "?accountId={5}&" + query), Status: 400, Code: "BAD_REQUEST", Field: field}
	}
	apptest.Run(t, worklogs.HandleWorklogs, append(apptest.BadQueries(summaryPath), []apptest.Scenario{
		{Name: "by-project-and-person", Given: asking(summaryPath + "?group=project,person&accountId={0},{5}&tz=UTC" + april), Status: 200, Golden: true},
		{Name: "by-day", Given: asking(summaryPath + "?group=day&accountId={5}" + april), Status: 200, Golden: true},
		{Name: "by-issue", Given: asking(summaryPath + "?group=issue&accountId={5}" + april), Status: 200, Has: []string{`"label":"Weekly planning and retrospectives"`, `"timeZone":"America/New_York"`}},
		{Name: "of-everybody", Given: asking(summaryPath + "?group=person&accountId=all" + april), Status: 200, Has: []string{`"label":"Linh Tran"`, `"timeZone":"UTC"`}},
		{Name: "longest-range", Given: asking(summaryPath + "?group=day&accountId={5}&from=2026-03-01&to=2026-05-31"), Status: 200},
		{Name: "nothing", Given: asking(summaryPath + "?group=day&accountId={5}&from=2026-05-02&to=2026-05-02"), Status: 200, Has: []string{`"groups":[],"total":0`}},
		{Name: "nobody", Request: apptest.Request{Target: summaryPath + "?group=day" + april}, Status: 400, Code: "BAD_REQUEST", Field: "accountId"},
		{Name: "unknown-e-mail", Request: apptest.Request{Target: summaryPath + "?group=day&userEmail=nobody@example.test" + april}, Status: 404, Code: "USER_NOT_FOUND"},
		bad("no-group", april, "group"),
		bad("unknown-group", "group=week"+april, "group"),
		bad("group-twice", "group=day,day"+april, "group"),
		bad("three-groups", "group=day,issue,person"+april, "group"),
		bad("half-a-pair", "group=day,"+april, "group"),
		bad("no-range", "group=day", "from"),
		bad("no-end", "group=day&from=2026-04-24", "to"),
		bad("range-of-93-days", "group=day&from=2026-03-01&to=2026-06-01", "to"),
		bad("range-reversed", "group=day&from=2026-04-24&to=2026-04-23", "to"),
		bad("unknown-zone", "group=day&tz=Mars/Olympus"+april, "tz"),
		{Name: "half-a-list", Given: asking(summaryPath + "?group=day&accountId={5},," + april), Status: 400, Code: "BAD_REQUEST", Field: "accountId"},
		{Name: "all-in-a-list", Given: asking(summaryPath + "?group=day&accountId={5},all" + april), Status: 400, Code: "BAD_REQUEST", Field: "accountId"},
	}...))
}

// Only an admin gets what others have worked.
func TestReportsOfOthers(t *testing.T) {
	options := apptest.Options{Unsynced: true, Env: map[string]string{"AUTH_MODE": "required", "JWT_SECRET": reportSecret}}
	signedIn := func(role, target string) given {
		return and(asking(target+"&from=2026-04-24&to=2026-04-28"), func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Header = map[string]string{"Authorization": w.Login(users.User{Username: "u", AccountID: w.Person(5).AccountID, Role: role})}
		})
	}
	of := func(people ...int) func(*testing.T, *apptest.World, apptest.Answer) {
		return func(t *testing.T, w *apptest.World, a apptest.Answer) {
			for n := range 6 {
				has := strings.Contains(string(a.Body), w.Person(n).AccountID)
				assert.Equal(t, len(people) == 0 || n == people[0] || n == people[len(people)-1], has, "person %d", n)
			}
		}
	}
	var rows []apptest.Scenario
	for name, path := range map[string]string{"summary": summaryPath + "?group=person", "csv": exportPath + "?format=csv", "json": exportPath + "?format=json"} {
		ok := func(what, role, query string, then func(*testing.T, *apptest.World, apptest.Answer)) apptest.Scenario {
			return apptest.Scenario{Name: name + "-" + what, Options: options, Given: signedIn(role, path+query), Status: 200, Then: then}
		}
		refused := func(what, query string) apptest.Scenario {
			return apptest.Scenario{Name: name + "-" + what, Options: options, Given: signedIn("", path+query), Status: 403, Code: "FORBIDDEN"}
		}
		rows = append(rows, ok("own-by-default", "", "", of(5)), ok("own-by-account", "", "&accountId={5}", of(5)), ok("admins-own-by-default", "admin", "", of(5)),
			ok("admin-reads-another", "admin", "&accountId={0}", of(0)), ok("admin-reads-two", "admin", "&accountId={0},{5}", of(0, 5)), ok("admin-reads-all", "admin", "&accountId=all", of()),
			refused("another", "&accountId={0}"), refused("own-and-another", "&accountId={5},{0}"), refused("all", "&accountId=all"))
	}
	apptest.Run(t, worklogs.HandleWorklogs, rows)
}

// The groups add up to the total, and to what the list of worklogs says for each day,
// in whatever zone and over each change of the clocks.
func TestGroupsAddUp(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true, Env: map[string]string{"RATE_LIMIT": "off"}})
	random := rand.New(rand.NewPCG(1, 2))
	account, issues := w.Person(5).AccountID, w.Sandbox.Issues()
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 3000 {
		at := first.Add(time.Duration(random.Int64N(365*24*60)) * time.Minute)
		require.NoError(t, w.Sandbox.LogTime(account, issues[random.IntN(len(issues))].Key, at, time.Duration(1+random.IntN(20_000))*time.Second))
	}
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago"}
	weeks := []string{"2026-03-23", "2026-10-19", "2026-03-02", "2026-10-26", "2026-03-30", "2026-09-28"} // with changes of the clocks
	groups := []string{"day", "issue", "project", "person", "day,issue", "issue,day", "project,person", "person,day"}
	for n := range 100 {
		from := first.AddDate(0, 0, random.IntN(358))
		if n < len(weeks)*len(zones) {
			from, _ = time.Parse(time.DateOnly, weeks[n/len(zones)])
		}
		query := fmt.Sprintf("accountId=%s&from=%s&to=%s&tz=%s", account, from.Format(time.DateOnly), from.AddDate(0, 0, 6).Format(time.DateOnly), zones[n%len(zones)])
		var logged worklogsReply
		ask(t, w, path+"?"+query, &logged)
		var summed summaryReply
		ask(t, w, summaryPath+"?"+query+"&group="+groups[random.IntN(len(groups))], &summed)
		require.Equal(t, logged.Total, summed.Total, query)
		require.Equal(t, zones[n%len(zones)], summed.TimeZone)
		assertSum(t, summed.Total, summed.Groups)
		var days summaryReply
		ask(t, w, summaryPath+"?"+query+"&group=day", &days)
		byDay := map[string]int64{}
		for _, g := range days.Groups {
			byDay[g.Key] = g.Seconds
		}
		for _, day := range logged.Days {
			require.Equal(t, day.Total, byDay[day.Date], "%s: %s", query, day.Date)
		}
	}
}

func assertSum(t *testing.T, total int64, groups []worklog.Group) {
	t.Helper()
	for _, g := range groups {
		total -= g.Seconds
		if g.Groups != nil {
			assertSum(t, g.Seconds, g.Groups)
		}
	}
	require.Zero(t, total)
}

func ask(t *testing.T, w *apptest.World, target string, reply any) {
	t.Helper()
	a := w.Do(t.Context(), worklogs.HandleWorklogs, apptest.Request{Target: target})
	require.Equal(t, 200, a.Status, "%s", a.Body)
	require.NoError(t, json.Unmarshal(a.Body, reply))
}

// Reports of one range share one read for a minute, or ten if the range is over.
func TestReportsAreRemembered(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true, Env: map[string]string{"RATE_LIMIT": "off"}})
	reads := func(query string) int {
		w.Sandbox.ResetRequests()
		for _, target := range []string{summaryPath + "?group=day&", summaryPath + "?group=issue,day&", exportPath + "?format=csv&", exportPath + "?format=ics&"} {
			a := w.Do(t.Context(), worklogs.HandleWorklogs, apptest.Request{Target: target + query + "&tz=UTC"})
			require.Equal(t, 200, a.Status, "%s", a.Body)
		}
		return w.Sandbox.Requests()["clockwork.worklogs"]
	}
	today, over := "from=2026-05-04&to=2026-05-04&accountId="+w.Person(5).AccountID, "from=2026-05-01&to=2026-05-03&accountId="+w.Person(5).AccountID
	assert.Equal(t, 1, reads(today))
	assert.Equal(t, 1, reads(over))
	assert.Equal(t, 0, reads(today))
	assert.Equal(t, 1, reads(strings.ReplaceAll(over, w.Person(5).AccountID, w.Person(1).AccountID)), "another person's are others")
	w.Clock.Advance(time.Minute)
	assert.Equal(t, 1, reads(today))
	assert.Equal(t, 0, reads(over))
	w.Clock.Advance(9 * time.Minute)
	assert.Equal(t, 1, reads(over))
}

func TestReportsThatAreTooLarge(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	logTime := func(n int) {
		for range n {
			require.NoError(t, w.Sandbox.LogTime(w.Person(5).AccountID, "OPS-64", at, time.Minute))
		}
	}
	status := func(target string) (int, string) {
		a := w.Do(t.Context(), worklogs.HandleWorklogs, apptest.Request{Target: target + "&from=2026-01-05&to=2026-01-05&tz=UTC&accountId=" + w.Person(5).AccountID})
		a.AssertForm(t)
		w.Clock.Advance(time.Hour) // what is remembered is over
		return a.Status, a.Failure().Error
	}
	assertStatus := func(want int, code, target string) {
		t.Helper()
		got, failure := status(target)
		assert.Equal(t, want, got)
		assert.Equal(t, code, failure)
	}
	logTime(10_000)
	assertStatus(200, "", summaryPath+"?group=day")
	logTime(1)
	assertStatus(413, "TOO_MUCH", summaryPath+"?group=day")
	logTime(9_999)
	assertStatus(200, "", exportPath+"?format=csv")
	assertStatus(413, "TOO_MUCH", exportPath+"?format=json") // over 4 MB
	logTime(1)
	assertStatus(413, "TOO_MUCH", exportPath+"?format=csv")
}

func TestExport(t *testing.T) {
	const april = "&tz=Europe/Berlin&from=2026-04-28&to=2026-04-28"
	file := func(format, contentType string) map[string]string {
		return map[string]string{"Content-Type": contentType + "; charset=utf-8", "Content-Disposition": `attachment; filename="worklogs-2026-04-28-2026-04-28.` + format + `"`}
	}
	apptest.Run(t, worklogs.HandleWorklogs, append(apptest.BadQueries(exportPath), []apptest.Scenario{
		{Name: "csv", Given: asking(exportPath + "?format=csv&accountId={0}" + april), Status: 200, Header: file("csv", "text/csv"),
			Has: []string{"\uFEFFdate,start,end,duration_seconds,", "\r\n2026-04-28,2026-04-28T09:00:00+02:00,2026-04-28T10:45:00+02:00,6300,1.7500,OPS-64,Weekly planning and retrospectives,Platform Operations,"}},
		{Name: "json", Given: asking(exportPath + "?format=json&accountId={0}" + april), Status: 200, Header: file("json", "application/json"), Golden: true, HasNot: []string{"emailAddress"}},
		{Name: "ics", Given: asking(exportPath + "?format=ics&accountId={0}" + april), Status: 200, Header: file("ics", "text/calendar"), Has: []string{"BEGIN:VCALENDAR\r\n", "\r\nDTSTART:20260428T070000Z\r\n"}},
		{Name: "nothing", Given: asking(exportPath + "?format=csv&accountId={0}&from=2026-05-02&to=2026-05-02"), Status: 200, Has: []string{",comment\r\n"}},
		{Name: "no-format", Given: asking(exportPath + "?accountId={0}" + april), Status: 400, Code: "BAD_REQUEST", Field: "format"},
		{Name: "unknown-format", Given: asking(exportPath + "?format=xlsx&accountId={0}" + april), Status: 400, Code: "BAD_REQUEST", Field: "format"},
	}...))
}

// subscribed asks for the calendar of a person with a new token of that scope.
func subscribed(person int, scope accesstoken.Scope, revoked bool) given {
	return func(t *testing.T, w *apptest.World, r *apptest.Request) {
		made, text, err := w.Deps.Tokens.Create(t.Context(), accesstoken.Token{UserID: "u", AccountID: w.Person(person).AccountID, Scope: scope, Name: "calendar"}, 1)
		require.NoError(t, err)
		if revoked {
			found, err := w.Deps.Tokens.Revoke(t.Context(), "u", made.ID)
			require.NoError(t, err)
			require.True(t, found)
		}
		r.Target = "/api/calendar/" + text + ".ics"
	}
}

var calendars = apptest.Options{Unsynced: true, Env: map[string]string{"JWT_SECRET": reportSecret}}

func TestCalendar(t *testing.T) {
	none := func(name string, g given) apptest.Scenario {
		return apptest.Scenario{Name: name, Options: calendars, Given: g, Status: 404, Code: "NOT_FOUND", Then: unlogged}
	}
	at := func(target string) given {
		return func(_ *testing.T, _ *apptest.World, r *apptest.Request) { r.Target = target }
	}
	apptest.Run(t, worklogs.HandleWorklogs, []apptest.Scenario{
		{Name: "calendar", Options: calendars, Given: and(logged(5, "2026-02-03T00:00:00Z"), logged(5, "2026-02-02T23:59:59Z"), logged(1, "2026-05-04T01:02:03Z"), logged(5, "2026-05-05T04:05:06Z"), subscribed(5, accesstoken.Calendar, false)), Status: 200,
			Header: map[string]string{"Content-Type": "text/calendar; charset=utf-8", "Cache-Control": "private, max-age=900"},
			Has: []string{"X-PUBLISHED-TTL:PT1H\r\n", "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n", "DTSTART:20260203T000000Z\r\nDTEND:20260203T010000Z\r\n", "DTSTAMP:20260203T010000Z\r\n",
				"DTSTART:20260505T040506Z", "TRANSP:TRANSPARENT\r\n", "@example.atlassian.net\r\n", "URL:https://example.atlassian.net/browse/OPS-64\r\n"},
			HasNot: []string{"20260202", "T010203Z"}, Then: unlogged},
		{Name: "nobody-can-log-in", Options: apptest.Options{Unsynced: true}, Given: subscribed(5, accesstoken.Calendar, false), Status: 503, Code: "AUTH_NOT_CONFIGURED"},
		none("revoked", subscribed(5, accesstoken.Calendar, true)),
		none("scope-read", subscribed(5, accesstoken.Read, false)),
		none("scope-admin", subscribed(5, accesstoken.Admin, false)),
		none("never-made", at("/api/calendar/cwc_"+strings.Repeat("0", 39)+".ics")),
		none("no-token", at("/api/calendar/.ics")),
		none("without-ending", and(subscribed(5, accesstoken.Calendar, false), func(_ *testing.T, _ *apptest.World, r *apptest.Request) {
			r.Target = strings.TrimSuffix(r.Target, ".ics")
		})),
		{Name: "nobodys-clockwork-token", Options: apptest.Options{Unsynced: true, Env: map[string]string{"JWT_SECRET": reportSecret, "CLOCKWORK_API_TOKEN": ""}}, Given: subscribed(5, accesstoken.Calendar, false), Status: 401, Code: "CLOCKWORK_TOKEN_REQUIRED"},
	})
}

// unlogged asserts that the log names the route, and nothing of the token.
func unlogged(t *testing.T, w *apptest.World, _ apptest.Answer) {
	assert.Contains(t, w.Log.String(), "/api/calendar/{token}")
	assert.NotContains(t, w.Log.String(), "cwc_")
	assert.NotContains(t, w.Log.String(), "cwk_")
}

func TestCalendarThatHasNotChanged(t *testing.T) {
	w := apptest.New(t, calendars)
	var r apptest.Request
	subscribed(5, accesstoken.Calendar, false)(t, w, &r)
	first := w.Do(t.Context(), worklogs.HandleWorklogs, r)
	require.Equal(t, 200, first.Status)
	w.Clock.Advance(2 * time.Minute)
	r.Header = map[string]string{"If-None-Match": first.Header.Get("ETag")}
	again := w.Do(t.Context(), worklogs.HandleWorklogs, r)
	assert.Equal(t, 304, again.Status)
	again.AssertForm(t)
	assert.Equal(t, "private, max-age=900", again.Header.Get("Cache-Control"))
	logged(5, "2026-05-04T08:00:00Z")(t, w, nil)
	w.Clock.Advance(2 * time.Minute)
	assert.Equal(t, 200, w.Do(t.Context(), worklogs.HandleWorklogs, r).Status)
}
