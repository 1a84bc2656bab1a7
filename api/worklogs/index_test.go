package worklogs_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/worklogs"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/settings"
	"github.com/clockwork-timer/backend/pkg/worklog"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const path = "/api/worklogs"

type given = apptest.Given

var broken, and = apptest.Broken, apptest.And

func of(person int, query string) given {
	return func(_ *testing.T, w *apptest.World, r *apptest.Request) {
		r.Target = path + "?accountId=" + w.Person(person).AccountID + query
	}
}

// logged adds an hour of a person's work.
func logged(person int, at string) given {
	return func(t *testing.T, w *apptest.World, _ *apptest.Request) {
		started, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.NoError(t, w.Sandbox.LogTime(w.Person(person).AccountID, "OPS-64", started, time.Hour))
	}
}

type worklogsReply struct {
	Worklogs []struct{ IssueKey, IssueName, ProjectName, Started string }
	Total    int64
	Date     string
	Days     []worklog.Day
}

func read(t *testing.T, a apptest.Answer) (reply worklogsReply) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.Body, &reply))
	return reply
}

// total asserts the seconds and the day of an answer.
func total(seconds int64, date string) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, _ *apptest.World, a apptest.Answer) {
		t.Helper()
		reply := read(t, a)
		assert.Equal(t, seconds, reply.Total)
		assert.Equal(t, date, reply.Date)
	}
}

func TestWorklogs(t *testing.T) {
	bad := func(name, query, field string) apptest.Scenario {
		return apptest.Scenario{Name: name, Given: of(0, query), Status: 400, Code: "BAD_REQUEST", Field: field}
	}
	apptest.Run(t, worklogs.HandleWorklogs, append(apptest.BadQueries(path), []apptest.Scenario{
		{Name: "today", Given: of(0, ""), Status: 200, Golden: true},
		{Name: "a-day", Given: of(0, "&date=2026-04-28"), Status: 200, Golden: true},
		{Name: "a-range", Given: of(5, "&from=2026-04-24&to=2026-04-27"), Status: 200, Golden: true},
		{Name: "range-of-a-day", Given: of(5, "&from=2026-04-27&to=2026-04-27"), Status: 200, Has: []string{`"days":[{"date":"2026-04-27","total":`}},
		{Name: "day-without-work", Given: of(0, "&date=2026-05-02"), Status: 200, Golden: true},
		{Name: "longest-range", Given: of(0, "&from=2026-04-01&to=2026-05-01"), Status: 200, Then: func(t *testing.T, _ *apptest.World, a apptest.Answer) {
			assert.Len(t, read(t, a).Days, 31)
		}},
		{Name: "by-e-mail", Given: func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Target = path + "?date=2026-04-28&userEmail=" + strings.ToUpper(w.Person(0).Email)
		}, Status: 200, Then: func(t *testing.T, w *apptest.World, a apptest.Answer) {
			assert.Contains(t, string(a.Body), `"accountId":"`+w.Person(0).AccountID+`"`)
			assert.NotZero(t, read(t, a).Total)
		}},
		{Name: "with-a-token", Given: and(of(0, "&date=2026-04-28"), func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Header = map[string]string{"X-Clockwork-Token": w.Token(1)}
		}), Status: 200},

		{Name: "unknown-e-mail", Request: apptest.Request{Target: path + "?userEmail=nobody@example.test"}, Status: 404, Code: "USER_NOT_FOUND", Golden: true},
		{Name: "hidden-e-mail", Given: func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Target = path + "?userEmail=" + w.Person(6).Email
		}, Status: 404, Code: "USER_NOT_FOUND"},
		{Name: "nobody", Request: apptest.Request{Target: path}, Status: 400, Code: "BAD_REQUEST", Field: "accountId", Golden: true},
		{Name: "everybody", Request: apptest.Request{Target: path + "?accountId=all"}, Status: 400, Code: "BAD_REQUEST", Field: "accountId"},
		{Name: "unknown-account", Request: apptest.Request{Target: path + "?accountId=712020:nobody&date=2026-04-28"}, Status: 200, Has: []string{`"worklogs":[]`, `"total":0`}},
		bad("no-such-day", "&date=2026-02-30", "date"),
		bad("no-such-leap-day", "&date=2025-02-29", "date"),
		bad("day-with-time", "&date=2026-04-28T10:00:00Z", "date"),
		bad("day-in-words", "&date=today", "date"),
		bad("ancient-day", "&date=0001-01-01", "date"),
		bad("date-with-from", "&date=2026-04-28&from=2026-04-28", "date"),
		bad("date-with-to", "&date=2026-04-28&to=2026-04-28", "date"),
		bad("from-alone", "&from=2026-04-28", "to"),
		bad("to-alone", "&to=2026-04-28", "from"),
		bad("range-reversed", "&from=2026-04-28&to=2026-04-27", "to"),
		bad("range-of-32-days", "&from=2026-04-01&to=2026-05-02", "to"),
		bad("no-such-end", "&from=2026-04-01&to=2026-04-31", "to"),
		bad("unknown-zone", "&tz=Mars/Olympus", "tz"),
		bad("zone-of-the-machine", "&tz=Local", "tz"),
		bad("path-for-zone", "&tz=../../etc/passwd", "tz"),

		{Name: "wrong-token", Given: and(of(0, ""), func(_ *testing.T, _ *apptest.World, r *apptest.Request) {
			r.Header = map[string]string{"X-Clockwork-Token": "wrong"}
		}), Status: 401, Code: "CLOCKWORK_UNAUTHORIZED"},
		{Name: "servers-token-wrong", Options: apptest.Options{Env: map[string]string{"CLOCKWORK_API_TOKEN": "wrong-token-of-the-server"}}, Given: of(0, ""), Status: 502, Code: "CLOCKWORK_AUTH_FAILED", Golden: true},
		{Name: "no-token-anywhere", Options: apptest.Options{Env: map[string]string{"CLOCKWORK_API_TOKEN": ""}}, Given: of(0, ""), Status: 401, Code: "CLOCKWORK_TOKEN_REQUIRED"},
	}...))
}

// Whose midnight it is: the zone asked for, else the person's, else the default.
func TestWorklogsZones(t *testing.T) {
	noJira := broken(fault.Fault{Upstream: "jira", Kind: fault.Status})
	inKiribati := apptest.Options{Env: map[string]string{"DEFAULT_TIMEZONE": "Pacific/Kiritimati"}}
	// It is 14:00 UTC: 21:00 in Saigon (person 1), 10:00 in New York (5), the
	// next day in Kiribati.
	apptest.Run(t, worklogs.HandleWorklogs, []apptest.Scenario{
		{Name: "persons-today-begins-yesterday-in-utc", Given: and(logged(1, "2026-05-03T17:30:00Z"), of(1, "")), Status: 200, Has: []string{`"started":"2026-05-04T00:30:00+07:00"`, `"date":"2026-05-04"`}},
		{Name: "persons-yesterday", Given: and(logged(1, "2026-05-03T16:30:00Z"), of(1, "")), Status: 200, HasNot: []string{"T23:30:00+07:00"}},
		{Name: "zone-asked-for-wins", Given: and(logged(1, "2026-05-03T17:30:00Z"), of(1, "&tz=UTC")), Status: 200, HasNot: []string{"17:30:00"}, Has: []string{`"date":"2026-05-04"`}},
		{Name: "zone-asked-for-is-a-day-ahead", Given: of(1, "&tz=Pacific/Kiritimati"), Status: 200, Has: []string{`"date":"2026-05-05"`}},
		{Name: "default-where-jira-is-down", Options: inKiribati, Given: and(of(1, ""), noJira), Status: 200, Has: []string{`"date":"2026-05-05"`, `"degraded":["jira"]`}, Golden: true},
		{Name: "zone-asked-for-needs-no-jira", Given: and(of(1, "&tz=UTC"), noJira), Status: 200, HasNot: []string{"degraded"}},
		{Name: "default-where-the-person-is-unknown", Options: inKiribati, Request: apptest.Request{Target: path + "?accountId=712020:nobody"}, Status: 200, Has: []string{`"date":"2026-05-05"`}, HasNot: []string{"degraded"}},
		{Name: "utc-by-default", Given: and(of(1, ""), noJira), Status: 200, Has: []string{`"date":"2026-05-04"`}},

		// Berlin's 29 March 2026 has 23 hours, 25 October 2026 has 25.
		{Name: "first-hour-of-a-short-day", Given: and(logged(0, "2026-03-28T23:00:00Z"), of(0, "&date=2026-03-29")), Status: 200, Then: total(3600, "2026-03-29")},
		{Name: "last-hour-of-a-short-day", Given: and(logged(0, "2026-03-29T21:59:00Z"), of(0, "&date=2026-03-29")), Status: 200, Then: total(3600, "2026-03-29")},
		{Name: "after-a-short-day", Given: and(logged(0, "2026-03-29T22:00:00Z"), of(0, "&date=2026-03-29")), Status: 200, Then: total(0, "2026-03-29")},
		{Name: "last-hour-of-a-long-day", Given: and(logged(0, "2026-10-25T22:59:00Z"), of(0, "&date=2026-10-25")), Status: 200, Then: total(3600, "2026-10-25")},
		{Name: "after-a-long-day", Given: and(logged(0, "2026-10-25T23:00:00Z"), of(0, "&date=2026-10-25")), Status: 200, Then: total(0, "2026-10-25")},
		{Name: "range-over-a-short-day", Given: and(logged(0, "2026-03-29T21:59:00Z"), of(0, "&from=2026-03-28&to=2026-03-30")), Status: 200,
			Has: []string{`"days":[{"date":"2026-03-28","total":0},{"date":"2026-03-29","total":3600},{"date":"2026-03-30","total":0}]`}},
	})
}

// Names come with Clockwork's own answer: Jira being down takes none away.
func TestWorklogsNamesNeedNoJira(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	var r apptest.Request
	and(of(0, "&date=2026-04-28"), broken(fault.Fault{Upstream: "jira", Kind: fault.Status}))(t, w, &r)
	reply := read(t, w.Do(t.Context(), worklogs.HandleWorklogs, r))
	require.NotEmpty(t, reply.Worklogs)
	for _, l := range reply.Worklogs {
		assert.NotEmpty(t, l.IssueKey)
		assert.NotEmpty(t, l.IssueName)
		assert.NotEmpty(t, l.ProjectName)
	}
}

// bare is Clockwork's answer for an issue that it cannot expand.
const bare = `[{"id":"7","issueId":"ID","timeSpentSeconds":60,"started":"2026-04-28T08:00:00Z","comment":null,"author":{"accountId":"x"}}]`

// One entry that cannot be read does not hide the others.
func TestWorklogsWithAnUnreadableOne(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	w.Faults().Add(fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 200, Body: strings.NewReplacer("[", `[{"id":"8","started":""},`, "ID", "999999").Replace(bare)})
	var r apptest.Request
	of(0, "&date=2026-04-28")(t, w, &r)
	a := w.Do(t.Context(), worklogs.HandleWorklogs, r)
	require.Equal(t, 200, a.Status, "%s", a.Body)
	require.Len(t, read(t, a).Worklogs, 1)
	assert.Contains(t, string(a.Body), `"degraded":["clockwork"]`)
}

// Names that Clockwork leaves out are looked up; what cannot be looked up is
// left out, and never fails the list.
func TestWorklogsNamesFromJira(t *testing.T) {
	for _, c := range []struct {
		name, issue string
		fault       *fault.Fault
		want        string
	}{
		{"found", "", nil, "Weekly planning and retrospectives"},
		{"unknown-issue", "999999", nil, ""},
		{"jira-refuses-us", "", &fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 401}, ""},
		{"jira-is-limited", "", &fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 429, RetryAfter: "60"}, ""},
		{"jira-answers-html", "", &fault.Fault{Upstream: "jira", Kind: fault.HTML}, ""},
		{"jira-resets", "", &fault.Fault{Upstream: "jira", Kind: fault.Reset}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t, apptest.Options{})
			issue := c.issue
			for _, i := range w.Sandbox.Issues() {
				if i.Key == "OPS-64" && issue == "" {
					issue = strconv.FormatInt(i.ID, 10)
				}
			}
			w.Faults().Add(fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 200, Body: strings.Replace(bare, "ID", issue, 1)})
			if c.fault != nil {
				w.Faults().Add(*c.fault)
			}
			var r apptest.Request
			of(0, "&date=2026-04-28")(t, w, &r)
			a := w.Do(t.Context(), worklogs.HandleWorklogs, r)
			require.Equal(t, 200, a.Status, "%s", a.Body)
			require.Len(t, read(t, a).Worklogs, 1)
			assert.Equal(t, c.want, read(t, a).Worklogs[0].IssueName)
			assert.Equal(t, c.want != "", strings.Contains(string(a.Body), "issueName"), "absent, not empty")
			assert.Equal(t, c.fault != nil, strings.Contains(string(a.Body), `"degraded":["jira"]`), "that Jira knows no name is no failure")
			w.AssertNoSecrets(t, string(a.Body))
		})
	}
}

func TestToday(t *testing.T) {
	at := func(person int, query string) given {
		return func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Target = "/api/today?accountId=" + w.Person(person).AccountID + query
		}
	}
	setting := func(person int, value string) given {
		return func(t *testing.T, w *apptest.World, _ *apptest.Request) {
			_, err := w.Deps.Redis.Do(t.Context(), "SET", settings.Key(w.Person(person).AccountID), value)
			require.NoError(t, err)
		}
	}
	goals := apptest.Options{Env: map[string]string{"GOAL_PER_DAY": `[{"hours":{"1":"7h30m"}}]`}}
	apptest.Run(t, worklogs.HandleWorklogs, append(apptest.BadQueries("/api/today"), []apptest.Scenario{
		{Name: "logged-and-running", Given: and(logged(1, "2026-05-04T08:00:00Z"), at(1, "")), Status: 200, Golden: true},
		{Name: "nothing-runs", Given: and(logged(5, "2026-05-04T13:30:00Z"), at(5, "&tz=UTC")), Status: 200,
			Has: []string{`"loggedSeconds":3600,"runningSeconds":0,"goalSeconds":28800,"timers":[]`}},
		{Name: "goal-of-the-operator", Options: goals, Given: at(5, "&tz=UTC"), Status: 200, Has: []string{`"goalSeconds":27000`}},
		{Name: "no-workday", Options: goals, Given: at(5, "&tz=Pacific/Kiritimati"), Status: 200, Has: []string{`"date":"2026-05-05","timeZone":"Pacific/Kiritimati"`}, HasNot: []string{"goalSeconds"}},
		{Name: "own-goal", Options: goals, Given: and(setting(5, `{"target":60,"workdays":"1"}`), at(5, "&tz=UTC")), Status: 200, Has: []string{`"goalSeconds":3600`}},
		{Name: "never-synced", Options: apptest.Options{Unsynced: true}, Given: at(1, ""), Status: 200, Has: []string{`"timers":[],"cachedAt":null,"syncedAt":null`}},
		{Name: "redis-is-down", Given: and(at(1, ""), broken(fault.Fault{Upstream: "redis", Kind: fault.Status})), Status: 503, Code: "CACHE_UNAVAILABLE", Then: func(t *testing.T, w *apptest.World, _ apptest.Answer) {
			assert.Zero(t, w.Sandbox.Requests()["clockwork.worklogs"])
		}},
		{Name: "nobody", Request: apptest.Request{Target: "/api/today"}, Status: 400, Code: "BAD_REQUEST", Field: "accountId"},
	}...))
}

func TestTodayCosts(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: map[string]string{"RATE_LIMIT": "off"}})
	w.Sandbox.ResetRequests()
	spent := w.Spent(t, func() {
		a := w.Do(t.Context(), worklogs.HandleWorklogs, apptest.Request{Target: "/api/today?tz=UTC&accountId=" + w.Person(1).AccountID})
		require.Equal(t, 200, a.Status, "%s", a.Body)
	})
	assert.EqualValues(t, 1, spent.Commands)
	assert.Equal(t, map[string]int{"clockwork.worklogs": 1}, w.Sandbox.Requests())
}
