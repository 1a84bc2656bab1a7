package api_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const (
	ownSettings    = "/api/settings"
	settingsSecret = "a-secret-of-more-than-32-bytes-for-tests"
)

// signedIn asks with the login of a person of the sandbox.
func signedIn(n int) given {
	return func(_ *testing.T, w *apptest.World, r *apptest.Request) {
		r.Header = map[string]string{"Authorization": w.Login(users.User{Username: "u", AccountID: w.Person(n).AccountID})}
	}
}

// changed has a person change their settings.
func changed(n int, body string) given {
	return func(t *testing.T, w *apptest.World, _ *apptest.Request) {
		r := apptest.Request{Method: "PUT", Target: ownSettings, Body: body}
		signedIn(n)(t, w, &r)
		a := w.Do(t.Context(), api.HandleLookup, r)
		require.Equal(t, 200, a.Status, "%s", a.Body)
	}
}

func chosen(person int, choice team.Choice) given {
	return func(t *testing.T, w *apptest.World, _ *apptest.Request) {
		require.NoError(t, w.Deps.Team.Choose(t.Context(), w.Person(person).AccountID, choice))
	}
}

func TestSettings(t *testing.T) {
	env := map[string]string{"JWT_SECRET": settingsSecret, "AUTH_MODE": "open", "GOAL_PER_DAY": `[{"accounts":["*"],"hours":{"1-4":"7h30m","6":"4h"}}]`}
	withGoals := apptest.Options{Env: env, Unsynced: true}
	without := apptest.Options{Env: map[string]string{"JWT_SECRET": settingsSecret}, Unsynced: true}
	get, put := apptest.Request{Target: ownSettings}, func(body string) apptest.Request {
		return apptest.Request{Method: "PUT", Target: ownSettings, Body: body}
	}
	choose := func(body string) apptest.Request {
		return apptest.Request{Method: "PUT", Target: ownSettings + "/visibility", Body: body}
	}
	is := func(want string) func(*testing.T, *apptest.World, apptest.Answer) {
		return func(t *testing.T, _ *apptest.World, a apptest.Answer) { assert.JSONEq(t, want, string(a.Body)) }
	}
	bad := func(name, body, field string) apptest.Scenario {
		return apptest.Scenario{Name: name, Options: without, Request: put(body), Given: signedIn(0), Status: 400, Code: "BAD_REQUEST", Field: field}
	}
	noRedis := broken(fault.Fault{Upstream: "redis", Kind: fault.Status})
	apptest.Run(t, api.HandleLookup, []apptest.Scenario{
		{Name: "by-default", Options: without, Request: get, Given: signedIn(0), Status: 200, Then: is(`{"dailyTargetMinutes":480,"workdays":[1,2,3,4,5],"team":"full"}`)},
		{Name: "by-the-operator", Options: withGoals, Request: get, Given: signedIn(0), Status: 200, Then: is(`{"dailyTargetMinutes":450,"workdays":[1,2,3,4,6],"team":"full"}`)},
		{Name: "change-of-both", Options: withGoals, Request: put(`{"dailyTargetMinutes":0,"workdays":[7,3]}`), Given: signedIn(0), Status: 200, Then: is(`{"dailyTargetMinutes":0,"workdays":[3,7],"team":"full"}`)},
		{Name: "change-of-one", Options: withGoals, Request: put(`{"workdays":[]}`), Given: and(changed(0, `{"dailyTargetMinutes":1440}`), signedIn(0)), Status: 200, Then: is(`{"dailyTargetMinutes":1440,"workdays":[],"team":"full"}`)},
		{Name: "change-of-nothing", Options: without, Request: put(`{"team":"full","workdays":null}`), Given: signedIn(0), Status: 200, Then: is(`{"dailyTargetMinutes":480,"workdays":[1,2,3,4,5],"team":"full"}`)},
		{Name: "read-again", Options: without, Request: get, Given: and(changed(0, `{"dailyTargetMinutes":450}`), signedIn(0)), Status: 200, Then: is(`{"dailyTargetMinutes":450,"workdays":[1,2,3,4,5],"team":"full"}`)},
		{Name: "anothers-are-their-own", Options: without, Request: get, Given: and(changed(0, `{"dailyTargetMinutes":450}`), signedIn(1)), Status: 200, Then: is(`{"dailyTargetMinutes":480,"workdays":[1,2,3,4,5],"team":"full"}`)},

		{Name: "choose-to-hide", Options: without, Request: choose(`{"team":"none"}`), Given: signedIn(0), Status: 200, Then: is(`{"dailyTargetMinutes":480,"workdays":[1,2,3,4,5],"team":"none"}`)},
		{Name: "choice-read-again", Options: without, Request: get, Given: and(chosen(0, team.StatusOnly), signedIn(0)), Status: 200, Then: is(`{"dailyTargetMinutes":480,"workdays":[1,2,3,4,5],"team":"status"}`)},
		{Name: "choose-to-be-seen-again", Options: without, Request: choose(`{"team":"full"}`), Given: and(chosen(0, team.Hidden), signedIn(0)), Status: 200, Then: func(t *testing.T, w *apptest.World, _ apptest.Answer) {
			choice, err := w.Deps.Team.ChoiceOf(t.Context(), w.Person(0).AccountID)
			require.NoError(t, err)
			assert.Equal(t, team.Full, choice)
		}},
		{Name: "choose-nothing", Options: without, Request: choose(`{}`), Given: signedIn(0), Status: 400, Code: "BAD_REQUEST", Field: "team"},
		{Name: "choose-what-there-is-not", Options: without, Request: choose(`{"team":"half"}`), Given: signedIn(0), Status: 400, Code: "BAD_REQUEST", Field: "team"},
		{Name: "nobody-chooses", Options: withGoals, Request: choose(`{"team":"none"}`), Status: 401, Code: "UNAUTHORIZED"},
		{Name: "redis-is-down-for-a-choice", Options: without, Request: choose(`{"team":"none"}`), Given: and(signedIn(0), noRedis), Status: 503, Code: "CACHE_UNAVAILABLE"},

		{Name: "nobody-signed-in", Options: withGoals, Request: get, Status: 401, Code: "UNAUTHORIZED"},
		{Name: "nobody-can-sign-in", Options: apptest.Options{Unsynced: true}, Request: get, Status: 503, Code: "AUTH_NOT_CONFIGURED"},
		{Name: "no-account", Options: without, Request: get, Given: func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Header = map[string]string{"Authorization": w.Login(users.User{Username: "u"})}
		}, Status: 403, Code: "FORBIDDEN"},
		{Name: "redis-is-down-for-a-read", Options: without, Request: get, Given: and(signedIn(0), noRedis), Status: 503, Code: "CACHE_UNAVAILABLE"},
		{Name: "redis-is-down-for-a-change", Options: without, Request: put(`{"workdays":[1]}`), Given: and(signedIn(0), noRedis), Status: 503, Code: "CACHE_UNAVAILABLE"},
		{Name: "wrong-method", Options: without, Request: apptest.Request{Method: "DELETE", Target: ownSettings}, Status: 405, Code: "METHOD_NOT_ALLOWED", Header: map[string]string{"Allow": "GET, PUT"}},
		bad("target-below-zero", `{"dailyTargetMinutes":-1}`, "dailyTargetMinutes"),
		bad("target-over-a-day", `{"dailyTargetMinutes":1441}`, "dailyTargetMinutes"),
		bad("target-with-a-fraction", `{"dailyTargetMinutes":7.5}`, "dailyTargetMinutes"),
		bad("target-in-words", `{"dailyTargetMinutes":"8h"}`, "dailyTargetMinutes"),
		bad("day-0", `{"workdays":[0]}`, "workdays"),
		bad("day-8", `{"workdays":[1,8]}`, "workdays"),
		bad("day-twice", `{"workdays":[1,2,1]}`, "workdays"),
		bad("days-by-name", `{"workdays":["mon"]}`, "workdays"),
		bad("not-an-object", `[1]`, ""),
	})
}
