package routes_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/settings"
)

func matrix() []row {
	rows := append(matrixOfReads(), matrixOfWrites()...)
	return append(rows, matrixOfSync()...)
}

func matrixOfReads() []row {
	worklogs, byEmail := get("/api/worklogs?date=2026-04-28&accountId=ACCOUNT"), get("/api/worklogs?date=2026-04-28&userEmail=EMAIL")
	today := get("/api/today?accountId=ACCOUNT")
	summary, export := get("/api/worklogs/summary?group=day&accountId=ACCOUNT"+week), get("/api/worklogs/export?format=json&accountId=ACCOUNT"+week)
	validate := post(1, "/api/settings/validate", `{"accountId":"ACCOUNT","clockworkApiToken":"TOKEN"}`)
	health := byNobody("/api/health") // which sends nobody the caller's token
	issue, search, resolve := good("/api/issues/{key}"), good("/api/issues/search"), good("/api/users/resolve")
	sessionUp := outcome{status: 200, has: `"jiraSession":{"status":"up"`} // a missing Clockwork app is no fault of the session
	general := outcome{status: 502, code: "CLOCKWORK_UNAVAILABLE", field: "general"}
	noJira := outcome{status: 502, code: "JIRA_UNAVAILABLE", field: "general"}
	noAccount := outcome{status: 400, code: "VALIDATION_ERROR", field: "accountId"}
	wrongToken := outcome{status: 400, code: "VALIDATION_ERROR", field: "clockworkApiToken"}
	loggedIn := apptest.Options{Env: loginEnv("open")}
	rows := []row{
		rowOf("/api/health", "", "clockwork", health, checks("clockwork")),
		rowOf("/api/health", "", "jira", health, checks("jira")),
		rowOf("/api/health", "", "redis", health, checks("redis")),
		rowOf("/api/health", "", "connect", health, but(checks("jiraSession"), map[string]outcome{"404": sessionUp})),
		rowOf("/api/timers/active", "", "redis", good("/api/timers/active"), unavailable),
		rowOf("/api/timers/active", "-everybody", "redis", get("/api/timers/active"), unavailable),
		rowOf("/api/worklogs", "", "clockwork", worklogs, reads("CLOCKWORK", "")),
		rowOf("/api/worklogs", "-own-token", "clockwork", withToken(worklogs), asCaller()),
		rowOf("/api/worklogs", "", "jira", worklogs, withoutNames()),
		rowOf("/api/worklogs", "", "redis", worklogs, fine(200)),
		rowOf("/api/worklogs", "-by-e-mail", "jira", byEmail, but(reads("JIRA", ""), notFound("USER_NOT_FOUND"))),
		rowOf("/api/worklogs", "-by-e-mail", "redis", byEmail, fine(200)),
		rowOf("/api/today", "", "jira", today, withoutNames()),
		rowOf("/api/worklogs/summary", "", "clockwork", summary, reads("CLOCKWORK", "")),
		rowOf("/api/worklogs/summary", "-own-token", "clockwork", withToken(summary), asCaller()),
		rowOf("/api/worklogs/summary", "", "jira", summary, withoutNames()),
		rowOf("/api/worklogs/summary", "-by-e-mail", "jira", get("/api/worklogs/summary?group=day&userEmail=EMAIL"+week), but(reads("JIRA", ""), notFound("USER_NOT_FOUND"))),
		rowOf("/api/worklogs/summary", "", "redis", summary, fine(200)),
		rowOf("/api/worklogs/export", "", "clockwork", export, reads("CLOCKWORK", "")),
		rowOf("/api/worklogs/export", "-own-token", "clockwork", withToken(export), asCaller()),
		rowOf("/api/worklogs/export", "", "jira", export, withoutNames()),
		rowOf("/api/worklogs/export", "-by-e-mail", "jira", get("/api/worklogs/export?format=csv&userEmail=EMAIL"+week), but(reads("JIRA", ""), notFound("USER_NOT_FOUND"))),
		rowOf("/api/worklogs/export", "", "redis", export, fine(200)),
		rowOf("/api/today", "", "redis", today, unavailable),
		rowOf("/api/today", "-by-e-mail", "jira", get("/api/today?userEmail=EMAIL"), but(reads("JIRA", ""), notFound("USER_NOT_FOUND"))),
		rowOf("/api/issues/{key}", "", "jira", issue, but(reads("JIRA", ""), map[string]outcome{
			"403": {status: 404, code: "ISSUE_NOT_FOUND"}, "404": {status: 404, code: "ISSUE_NOT_FOUND"}})),
		rowOf("/api/issues/{key}", "", "redis", issue, fine(200)),
		rowOf("/api/issues/search", "", "jira", search, reads("JIRA", "")),
		rowOf("/api/issues/search", "", "redis", search, fine(200)),
		rowOf("/api/users/resolve", "", "jira", resolve, but(reads("JIRA", ""), notFound("USER_NOT_FOUND"))),
		rowOf("/api/users/resolve", "", "redis", resolve, fine(200)),
		rowOf("/api/settings/validate", "", "clockwork", validate, but(reads("CLOCKWORK", "general"), map[string]outcome{
			"400": general, "401": wrongToken, "403": wrongToken, "404": general, "409": general, "422": general})),
		rowOf("/api/settings/validate", "", "jira", validate, but(reads("JIRA", "general"), map[string]outcome{
			"400": noAccount, "404": noAccount, "409": noJira, "422": noJira})),
		rowOf("/api/settings/validate", "", "redis", validate, fine(200)),
	}
	forge := apptest.Options{Env: map[string]string{"TIMER_SOURCE": "forge"}}
	rows = append(rows, in(forge, nil, rowOf("/api/health", "-forge", "forge", health, but(checks("jiraSession"), map[string]outcome{"400": sessionUp, "404": sessionUp, "409": sessionUp, "422": sessionUp})))...)
	rows = append(rows, rowOf("/api/team", "", "redis", good("/api/team"), unavailable))
	for _, route := range []string{"/login", "/api/login"} {
		rows = append(rows, in(loggedIn, nil, rowOf(route, "", "redis", good(route), fine(200)))...)
	}
	rows = append(rows, in(loggedIn, ownSettings, rowOf("/api/settings", "", "redis", good("/api/settings"), unavailable),
		rowOf("/api/settings", "-read", "redis", asPerson(5, get("/api/settings")), unavailable),
		rowOf("/api/settings/visibility", "", "redis", good("/api/settings/visibility"), unavailable))...)
	rows = append(rows, in(apptest.Options{}, workedToday, rowOf("/api/today", "", "clockwork", today, reads("CLOCKWORK", "")),
		rowOf("/api/today", "-own-token", "clockwork", withToken(today), asCaller()))...)
	rows = append(rows, in(apptest.Options{}, subscribed, rowOf("/api/calendar/{token}", "", "clockwork", feed, reads("CLOCKWORK", "")),
		rowOf("/api/calendar/{token}", "", "jira", feed, but(fine(200), notFound("NOT_FOUND"))), // the account is closed
		rowOf("/api/calendar/{token}", "", "redis", feed, but(every(outcome{status: 503, code: "SESSION_UNAVAILABLE"}), map[string]outcome{
			"slow": {status: 200}, "wrong-types": {status: 404, code: "NOT_FOUND"}})))...)
	for _, route := range []string{"/timers", "/api/timers"} {
		rows = append(rows, in(loggedIn, nil, rowOf(route, "", "redis", good(route), unavailable))...)
	}
	return rows
}

// feeds holds the addresses of the calendars that subscribed has made, by world.
var feeds sync.Map

// subscribed makes a calendar token for person 5.
func subscribed(w *apptest.World) {
	_, text, err := w.Deps.Tokens.Create(context.Background(), accesstoken.Token{UserID: "u", AccountID: w.Person(5).AccountID, Scope: accesstoken.Calendar, Name: "calendar"}, 1)
	if err != nil {
		panic(err)
	}
	feeds.Store(w, "/api/calendar/"+text+".ics")
}

// feed requests the calendar of the world's token, or of a token that does not exist.
func feed(w *apptest.World) apptest.Request {
	if target, ok := feeds.LoadAndDelete(w); ok {
		return apptest.Request{Target: target.(string)}
	}
	return apptest.Request{Target: "/api/calendar/cwc_" + strings.Repeat("0", 39) + ".ics"}
}

// ownSettings saves settings of person 5.
func ownSettings(w *apptest.World) {
	if _, err := w.Deps.Settings.Save(context.Background(), w.Person(5).AccountID, settings.Change{DailyTargetMinutes: new(450)}); err != nil {
		panic(err)
	}
}

// workedToday logs time of person 5.
func workedToday(w *apptest.World) {
	if err := w.Sandbox.LogTime(w.Person(5).AccountID, "OPS-64", w.Clock.Now(), time.Hour); err != nil {
		panic(err)
	}
}

func matrixOfWrites() []row {
	start := good("/api/timers/start")
	stop, stopOnly := post(1, "/api/timers/stop", `{"issueKey":"PORTAL-312","accountId":"ACCOUNT"}`), post(1, "/api/timers/stop", `{"accountId":"ACCOUNT"}`)
	nothingRan := map[string]outcome{"422": {status: 200, has: `"stopped":false`}}
	inngest := apptest.Options{Inngest: true}
	rows := append(having(starts,
		rowOf("/api/timers/start", "", "clockwork", start, writes(201)),
		rowOf("/api/timers/start", "", "jira", start, fine(201)),
		rowOf("/api/timers/start", "", "redis", start, fine(201)),
	), having(stops,
		rowOf("/api/timers/stop", "", "clockwork", stop, but(writes(200), nothingRan)),
		rowOf("/api/timers/stop", "", "redis", stop, fine(200)),
		rowOf("/api/timers/stop", "-the-only-one", "redis", stopOnly, unavailable),
	)...)
	return append(rows, in(inngest, nil, append(append(
		having(starts, rowOf("/api/timers/start", "", "inngest", start, signals(201))),
		having(stops, rowOf("/api/timers/stop", "", "inngest", stop, signals(200)))...),
		rowOf("/api/timers/sync", "", "inngest", good("/api/timers/sync"), but(every(outcome{status: 502, code: "INNGEST_UNAVAILABLE"}), map[string]outcome{"slow": {status: 202}})),
		rowOf("/api/timers/sync", "", "redis", good("/api/timers/sync"), fine(202)),
	)...)...)
}
