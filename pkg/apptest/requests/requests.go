// Package requests has one good request for each operation of the product, and
// what it must be answered with, for all tests that use every route: those of the
// document, of the faults, of secrets, and of the product as it is deployed. The
// finer points of each route are tested beside its handler.
package requests

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/clockwork-timer/backend/pkg/apptest"
)

// Request is a request by somebody who sends their login and their Clockwork token.
type Request struct {
	apptest.Request
	Route string // as the document names it: "/api/issues/{key}"

	// Effect says that the request changes something, so that its answer may
	// differ the next time.
	Effect bool

	Status int    // of the answer
	Code   string // of an error
}

// World is what the requests need to know of the data behind the product.
type World struct {
	AccountID      string // somebody with no running timer on IssueKey
	Email          string // that person's
	ClockworkToken string // that person's
	IssueKey       string
	Username       string // how that person logs in
	Password       string
	Bearer         string // that person's, as login gives it
	Calendar       string // a token of theirs; if it is empty, nobody's is used
	Inngest        bool   // takes events
}

// All returns a request for each operation. What only a browser can do, or somebody
// with a session, is refused.
func All(w World) []Request {
	get, post, put, remove := w.as(http.MethodGet), w.as(http.MethodPost), w.as(http.MethodPut), w.as(http.MethodDelete)
	account, week := "?accountId="+url.QueryEscape(w.AccountID), "&from=2026-04-27&to=2026-05-03"
	timer := fmt.Sprintf(`{"issueKey":%q,"accountId":%q}`, w.IssueKey, w.AccountID)
	login := fmt.Sprintf(`{"username":%q,"password":%q}`, w.Username, w.Password)
	calendar := get("/api/calendar/{token}", "/api/calendar/"+w.Calendar+".ics", "")
	if w.Calendar == "" {
		calendar = get("/api/calendar/{token}", "/api/calendar/cwc_"+strings.Repeat("0", 39)+".ics", "").refused(http.StatusNotFound, "NOT_FOUND")
	}
	sync := post("/api/timers/sync", "", fmt.Sprintf(`{"accountId":%q}`, w.AccountID)).does(http.StatusAccepted)
	if !w.Inngest {
		sync = sync.refused(http.StatusBadGateway, "INNGEST_UNAVAILABLE")
	}
	return []Request{
		get("/api/health", "?deep=1", ""),
		get("/api/inngest", "", ""),

		get("/api/timers/active", account, ""),
		post("/api/timers/start", "", timer).does(http.StatusCreated),
		post("/api/timers/stop", "", timer).does(http.StatusOK),
		sync,
		get("/api/timers", "", ""),
		get("/timers", "", ""),
		get("/api/team", "", ""),

		get("/api/worklogs", account+"&date=2026-04-28", ""),
		get("/api/worklogs/summary", account+"&group=day"+week, ""),
		get("/api/worklogs/export", account+"&format=csv"+week, ""),
		get("/api/today", account, ""),
		calendar,

		get("/api/issues/{key}", "/api/issues/"+w.IssueKey, ""),
		get("/api/issues/search", account, ""),
		get("/api/users/resolve", "?email="+url.QueryEscape(w.Email), ""),
		put("/api/settings", "", `{"workdays":[1,2]}`),
		get("/api/settings", "", ""),
		put("/api/settings/visibility", "", `{"team":"status"}`),
		post("/api/settings/validate", "", fmt.Sprintf(`{"accountId":%q,"clockworkApiToken":%q}`, w.AccountID, w.ClockworkToken)),

		post("/login", "", login),
		post("/api/login", "", login),
		get("/api/auth", "", ""),
		post("/api/auth/refresh", "", `{}`).refused(http.StatusUnauthorized, "NO_SESSION"),
		post("/api/auth/token", "", `{"grant_type":"refresh_token","refresh_token":"cwr_x"}`).refused(http.StatusUnauthorized, "NO_SESSION"),
		get("/api/auth/login/{provider}", "/api/auth/login/nobody", "").refused(http.StatusNotFound, "SIGNIN_NOT_CONFIGURED"),
		get("/api/auth/callback", "?code=x&state=x", ""),
		get("/api/auth/authorize", "?client_id=cli&state=x", "").refused(http.StatusBadRequest, "BAD_REQUEST"),
		post("/api/auth/authorize", "", `{}`).refused(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE"),
		get("/api/auth/sessions", "", ""),
		remove("/api/auth/sessions/{id}", "/api/auth/sessions/x", "").refused(http.StatusNotFound, "NOT_FOUND"),
		get("/api/me", "", ""),
		put("/api/me/clockwork-token", "", fmt.Sprintf(`{"token":%q}`, w.ClockworkToken)),
		remove("/api/me/clockwork-token", "", ""),
		get("/api/tokens", "", ""),
		post("/api/tokens", "", `{"name":"script","scope":"read"}`).does(http.StatusCreated),
		remove("/api/tokens/{id}", "/api/tokens/x", "").refused(http.StatusNotFound, "NOT_FOUND"),
		post("/api/auth/logout", "", `{}`),
	}
}

// as returns how to make requests with a method. A target that does not begin with a
// slash is added to the route.
func (w World) as(method string) func(route, target, body string) Request {
	return func(route, target, body string) Request {
		if !strings.HasPrefix(target, "/") {
			target = route + target
		}
		header := map[string]string{"Authorization": "Bearer " + w.Bearer, "X-Clockwork-Token": w.ClockworkToken}
		return Request{Request: apptest.Request{Method: method, Target: target, Header: header, Body: body}, Route: route, Status: http.StatusOK}
	}
}

// New makes the HTTP request to the product at base, without a slash at its end.
func (r Request) New(ctx context.Context, base string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, base+r.Target, strings.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	if r.Body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

func (r Request) does(status int) Request {
	r.Effect, r.Status = true, status
	return r
}

func (r Request) refused(status int, code string) Request {
	r.Status, r.Code = status, code
	return r
}
