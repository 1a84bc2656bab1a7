// Package requests has one request for each route of the product, and what its
// answer must be, for every way in which the product can be run. The finer
// points of each route are tested beside its handler.
package requests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/e2e/process"
)

// Request is a request to a route.
type Request struct {
	Name   string // kebab-case, for subtests
	Route  string // the function that answers, "/api/lookup"
	Method string
	Target string // path and query as sent, "/api/issues/ABC-1"
	Header http.Header
	Body   string // JSON

	// Effect says that the request changes something, so that its answer may
	// differ the next time.
	Effect bool

	Status int // the answer's status
	// Has are fields that the answer's JSON object must have; "error" of a
	// refusal is followed by its code: "error=BAD_REQUEST".
	Has []string
}

// World is what the requests need to know of the data behind the product.
type World struct {
	AccountID      string // somebody with no running timer on IssueKey
	Email          string // that person's
	ClockworkToken string // that person's
	IssueKey       string
	Username       string // how that person logs in
	Password       string
	Bearer         string // a token as login gives it
}

// All returns a request for each route, and more for the one that a rewrite leads
// to. Where inngest is false, events cannot be sent.
func All(w World, inngest bool) []Request {
	sync := Request{Name: "sync", Method: http.MethodPost, Target: "/api/timers/sync", Body: `{}`, Status: http.StatusBadGateway, Has: []string{"error=INNGEST_UNAVAILABLE", "message"}}
	if inngest {
		sync.Status, sync.Has = http.StatusAccepted, []string{"syncRequested"}
	}
	account := url.Values{"accountId": {w.AccountID}}.Encode()
	token := http.Header{"X-Clockwork-Token": {w.ClockworkToken}}
	timer := fmt.Sprintf(`{"issueKey":%q,"accountId":%q}`, w.IssueKey, w.AccountID)
	all := []Request{
		{Name: "health", Target: "/api/health", Has: []string{"status", "service", "version", "timestamp"}},
		{Name: "health-deep", Target: "/api/health?deep=1", Has: []string{"status", "checks"}},
		{Name: "active", Target: "/api/timers/active?" + account, Has: []string{"timers", "cachedAt", "syncedAt", "accountId"}},
		{Name: "start", Method: http.MethodPost, Target: "/api/timers/start", Header: token, Body: timer, Effect: true, Status: http.StatusCreated, Has: []string{"syncRequested"}},
		{Name: "stop", Method: http.MethodPost, Target: "/api/timers/stop", Header: token, Body: timer, Effect: true, Has: []string{"stopped", "syncRequested"}},
		sync,
		{Name: "worklogs", Target: "/api/worklogs?" + account, Has: []string{"worklogs", "total", "date", "accountId"}},
		{Name: "today", Target: "/api/today?" + account, Has: []string{"date", "timeZone", "loggedSeconds", "runningSeconds", "timers"}},
		{Name: "summary", Target: "/api/worklogs/summary?group=day&from=2026-03-01&to=2026-03-31&" + account, Has: []string{"groups", "total", "from", "to"}},
		{Name: "export", Target: "/api/worklogs/export?format=json&from=2026-03-01&to=2026-03-31&" + account, Has: []string{"worklogs", "total"}},
		{Name: "no-calendar", Target: "/api/calendar/cwc_x.ics", Status: http.StatusNotFound, Has: []string{"error=NOT_FOUND", "message"}},
		{Name: "settings-without-token", Target: "/api/settings", Status: http.StatusUnauthorized, Has: []string{"error=UNAUTHORIZED", "message"}},
		{Name: "search", Target: "/api/issues/search?" + account, Has: []string{"issues"}},
		{Name: "resolve", Target: "/api/users/resolve?" + url.Values{"email": {w.Email}}.Encode(), Has: []string{"accountId", "displayName"}},
		{Name: "validate", Method: http.MethodPost, Target: "/api/settings/validate", Body: fmt.Sprintf(`{"accountId":%q,"clockworkApiToken":%q}`, w.AccountID, w.ClockworkToken), Has: []string{"valid", "user"}},
		{Name: "inngest", Target: "/api/inngest"},
	}
	all = append(all, logins(w)...)
	return complete(append(all, issues(w)...))
}

// logins are the requests to the two routes that have a short name too.
func logins(w World) []Request {
	login := Request{Name: "login", Method: http.MethodPost, Target: "/login", Body: fmt.Sprintf(`{"username":%q,"password":%q}`, w.Username, w.Password),
		Has: []string{"access_token", "token_type=Bearer", "expires_in", "user_id=" + w.AccountID}}
	mine := Request{Name: "timers", Target: "/timers", Header: http.Header{"Authorization": {"Bearer " + w.Bearer}},
		Has: []string{"timer", "timers", "server_time"}}
	longLogin, longMine := login, mine
	longLogin.Name, longLogin.Target = "login-below-api", "/api/login"
	longMine.Name, longMine.Target = "timers-below-api", "/api/timers"
	refused := Request{Name: "timers-without-token", Target: "/timers", Status: http.StatusUnauthorized, Has: []string{"error=UNAUTHORIZED", "message"}}
	return []Request{login, longLogin, mine, longMine, refused}
}

// issues are requests that a rewrite leads to. What is not a key must be
// refused, however it is encoded, and not looked up somewhere else.
func issues(w World) []Request {
	refused := func(name, segment string) Request {
		return Request{Name: "issue-" + name, Target: "/api/issues/" + segment, Status: http.StatusBadRequest, Has: []string{"error", "message"}}
	}
	all := []Request{
		{Name: "issue", Target: "/api/issues/" + w.IssueKey, Has: []string{"issue"}},
		{Name: "issue-lower-case", Target: "/api/issues/" + strings.ToLower(w.IssueKey), Has: []string{"issue"}},
		refused("encoded-slash", w.IssueKey+"%2Fcomment"),
		refused("dots", "..%2Fsearch"),
		refused("encoded-dots", "%2e%2e%2fsearch"),
		refused("second-key", w.IssueKey+"%26key%3DB-1"),
		refused("not-a-key", "nonsense"),
	}
	return all
}

func complete(all []Request) []Request {
	for i, r := range all {
		if r.Method == "" {
			all[i].Method = http.MethodGet
		}
		if r.Status == 0 {
			all[i].Status = http.StatusOK
		}
		all[i].Route = functionOf(r.Target)
	}
	return all
}

// functionOf is the path of the function to which vercel.json rewrites a target.
func functionOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	switch below, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/"), "/"); {
	case slices.Contains([]string{"issues", "users", "settings"}, below):
		return "/api/lookup"
	case path == "/api/today", below == "worklogs", below == "calendar":
		return "/api/worklogs"
	case path == "/login", path == "/api/login":
		return "/api/auth"
	case path == "/timers", path == "/api/timers/sync":
		return "/api/timers"
	}
	return path
}

// New makes the HTTP request to the product at base, without a slash at its end.
func (r Request) New(ctx context.Context, base string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, base+r.Target, strings.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if r.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// Check sends the request by client and compares the answer. One that changes
// nothing is sent again if the answer is another: a dependency may have had
// no time for it. The error says all that differs.
func (r Request) Check(ctx context.Context, client *http.Client, base string) error {
	check := func() error { return r.check(ctx, client, base) }
	if r.Effect {
		return check()
	}
	return process.Thrice(check)
}

func (r Request) check(ctx context.Context, client *http.Client, base string) error {
	req, err := r.New(ctx, base)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != r.Status {
		return fmt.Errorf("%s %s: status %d, want %d: %s", r.Method, r.Target, resp.StatusCode, r.Status, body)
	}
	if err := r.checkBody(resp.Header, body); err != nil {
		return fmt.Errorf("%s %s: %w: %s", r.Method, r.Target, err, body)
	}
	return nil
}

func (r Request) checkBody(h http.Header, body []byte) error {
	if h.Get("X-Request-Id") == "" || h.Get("Server-Timing") == "" {
		return fmt.Errorf("the answer has no X-Request-Id or no Server-Timing")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimSpace(body), &object); err != nil {
		return fmt.Errorf("the answer is no JSON object: %w", err)
	}
	for _, field := range r.Has {
		name, value, compare := strings.Cut(field, "=")
		got, ok := object[name]
		if !ok {
			return fmt.Errorf("field %q is missing", name)
		}
		if want := fmt.Sprintf("%q", value); compare && string(got) != want {
			return fmt.Errorf("field %q is %s, want %s", name, got, want)
		}
	}
	return nil
}
