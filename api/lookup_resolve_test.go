package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/clockwork-timer/backend/api"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const resolve = "/api/users/resolve"

func by(name, value string) apptest.Request {
	return apptest.Request{Target: resolve + "?" + url.Values{name: {value}}.Encode()}
}

func TestResolve(t *testing.T) {
	byEmail := func(person int, spell func(string) string) func(*testing.T, *apptest.World, *apptest.Request) {
		return func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			*r = by("email", spell(w.Person(person).Email))
		}
	}
	as := func(s string) string { return s }
	apptest.Run(t, api.HandleLookup, append(apptest.BadQueries(resolve), []apptest.Scenario{
		{Name: "by-e-mail", Given: byEmail(5, as), Status: 200, Golden: true},
		{Name: "by-e-mail-in-capitals", Given: byEmail(5, strings.ToUpper), Status: 200, Has: []string{"Emily Carter"}},
		{Name: "by-name", Request: by("query", "Emily"), Status: 200, Has: []string{"Emily Carter"}},
		{Name: "by-name-of-a-hidden-address", Request: by("query", "Noah Fischer"), Status: 200, Golden: true},
		{Name: "by-query-with-an-e-mail", Given: func(_ *testing.T, w *apptest.World, r *apptest.Request) { *r = by("query", w.Person(5).Email) }, Status: 200, Has: []string{"Emily Carter"}},
		{Name: "unknown-e-mail", Request: by("email", "nobody@example.test"), Status: 404, Code: "USER_NOT_FOUND", Golden: true},
		{Name: "server-may-not-look-up-people", Given: func(t *testing.T, w *apptest.World, r *apptest.Request) {
			byEmail(5, as)(t, w, r)
			w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 403})
		}, Status: 502, Code: "JIRA_FORBIDDEN", Has: []string{`the global permission \"Browse users and groups\"`}},
		{Name: "hidden-e-mail", Given: byEmail(6, as), Status: 404, Code: "USER_NOT_FOUND"},
		{Name: "beginning-of-an-e-mail", Given: byEmail(5, func(s string) string { return s[:len(s)-2] }), Status: 404, Code: "USER_NOT_FOUND"},
		{Name: "unknown-name", Request: by("query", "Nobody"), Status: 404, Code: "USER_NOT_FOUND"},
		{Name: "nothing-asked", Request: apptest.Request{Target: resolve}, Status: 400, Code: "BAD_REQUEST", Field: "email", Golden: true},
		{Name: "blank-query", Request: by("query", " "), Status: 400, Code: "BAD_REQUEST", Field: "email"},
		{Name: "not-an-e-mail", Request: by("email", "emily"), Status: 400, Code: "BAD_REQUEST", Field: "email"},
		{Name: "control-character-in-e-mail", Request: by("email", "a\x00@example.test"), Status: 400, Code: "BAD_REQUEST", Field: "email"},
	}...))
}
