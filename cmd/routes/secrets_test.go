package routes_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"

	"github.com/clockwork-timer/backend/cmd/live"
	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/requests"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// Every route, realtime and the sync run in one process, once with working upstreams,
// and once for each upstream that fails with a message that repeats what it was sent.
// Then every answer, the log and Redis are searched for every secret, in every
// encoding. The fault matrix does the same for all other faults, one request at a
// time.

const (
	userPassword = "corr3ct-horse-battery-9"
	secretJWTKey = "jwt-s1gning-k3y-0f-the-secrets-test-7Qz"
	secretEvent  = "inngest-ev3nt-key-0f-the-secrets-test"
	secretSign   = "signkey-test-5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e7"
	secretKey    = "c2VjcmV0cy10ZXN0LWtleS1vZi0zMi1ieXRlcyEhISE="
	secretClient = "pr0vider-client-s3cret-0f-the-secrets-test"
	secretCode   = "pr0vider-c0de-0f-the-secrets-test"
)

// userHash returns the cheapest hash of userPassword that AUTH_USERS accepts.
func userHash() string {
	salt := []byte("salt-of-16-bytes")
	key := argon2.IDKey([]byte(userPassword), salt, 1, 4096, 1, 32)
	encode := base64.RawStdEncoding.EncodeToString
	return "$argon2id$v=19$m=4096,t=1,p=1$" + encode(salt) + "$" + encode(key)
}

func TestSecrets(t *testing.T) {
	for _, upstream := range []string{"", "clockwork", "report", "jira", "connect", "forge", "redis", "inngest"} {
		for _, mode := range []string{"open", "required"} {
			t.Run(cmp.Or(upstream, "no-fault")+"-"+mode, func(t *testing.T) {
				t.Parallel()
				h := newRecording(t, mode, sourceOf[upstream])
				if upstream == "" {
					h.runAll(t)
					assert.Contains(t, h.out.String(), "step: 200 OK", "the sync ran to its end")
				} else {
					body := quoting(h.world, upstream, apptest.Request{Header: map[string]string{"X-Clockwork-Token": h.world.Token(h.who)}})
					plan := h.world.Faults().Add(fault.Fault{Upstream: upstream, Kind: fault.Status, Status: 500, Body: body})
					h.runAll(t)
					assert.NotZero(t, plan.Hits(), "the upstream was never called")
				}
				assert.Contains(t, h.world.Log.String(), "request", "something was logged")
				assert.Contains(t, h.out.String(), "HTTP", "something was answered")
				secrets := h.world.Secrets()
				secrets["password"], secrets["password hash"], secrets["bearer token"] = userPassword, userHash(), h.token
				secrets["client secret"], secrets["code"] = secretClient, secretCode
				maps.Copy(secrets, h.given)
				if upstream == "" {
					assert.Len(t, h.given, 6, "two refresh tokens, a personal and a calendar token, and two bearer tokens were given")
					assert.EqualValues(t, 2, h.exchanged.Load(), "both providers were sent the client secret")
				}
				search(t, h.world, h.out.String(), secrets)
			})
		}
	}
}

// sourceOf names the timer source that calls an upstream, if only one does.
var sourceOf = map[string]string{"connect": "connect", "report": "connect", "forge": "forge"}

// recording is a world whose every answer is recorded.
type recording struct {
	world *apptest.World
	url   string
	out   strings.Builder // answers, frames and errors
	token string          // access token of the person who logged in
	who   int             // the person who logged in

	given     map[string]string // secrets that an answer may show once, by name
	sendsNone bool              // sends no Clockwork token, so that the saved one is used
	exchanged atomic.Int32      // codes that the providers received
}

// provider is an OAuth and OpenID Connect provider that refuses every code, with a
// message that repeats what it was sent.
func (h *recording) provider(t *testing.T) string {
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": server.URL, "authorization_endpoint": server.URL + "/authorize", "token_endpoint": server.URL + "/token", "jwks_uri": server.URL + "/keys"})
			return
		}
		sent, _ := io.ReadAll(r.Body)
		if bytes.Contains(sent, []byte(secretClient)) {
			h.exchanged.Add(1)
		}
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client", "error_description": string(sent)})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// newRecording makes a world. In open mode the caller's Clockwork token is also the
// server's. In required mode the server has none, so the caller's token is not in its
// configuration.
func newRecording(t *testing.T, mode, source string) *recording {
	h := &recording{given: map[string]string{}}
	provider := h.provider(t)
	env := map[string]string{
		"AUTH_MODE": mode, "LOG_LEVEL": "debug", "JWT_SECRET": secretJWTKey, "TOKEN_ENCRYPTION_KEY": secretKey,
		"INNGEST_EVENT_KEY": secretEvent, "INNGEST_SIGNING_KEY": secretSign, "DATABASE_URL": "redis", "TIMER_SOURCE": cmp.Or(source, "auto"),
		"PUBLIC_URL": "http://127.0.0.1:3000", "ATLASSIAN_OAUTH_CLIENT_ID": "app", "ATLASSIAN_OAUTH_CLIENT_SECRET": secretClient, "ATLASSIAN_AUTH_URL": provider,
		"OIDC_CLIENT_ID": "app", "OIDC_CLIENT_SECRET": secretClient, "OIDC_ISSUER": provider,
	}
	if mode == "required" {
		h.who, env["CLOCKWORK_API_TOKEN"], env["CLOCKWORK_ACCOUNT_ID"] = 1, "", ""
	}
	people := apptest.New(t, apptest.Options{Unsynced: true}) // they are the same in every world
	person := people.Person(h.who)
	env["AUTH_USERS"] = fmt.Sprintf(`[{"username":"an","password_hash":%q,"account_id":%q,"email":%q,"role":"admin"}]`, userHash(), person.AccountID, person.Email)
	h.world = apptest.New(t, apptest.Options{Inngest: true, Now: time.Now(), Env: env})
	return h
}

// runAll serves the world and calls everything once.
func (h *recording) runAll(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	err := live.Run(ctx, h.world.Deps, func(ctx context.Context, mounted []routes.Route) error {
		front := httptest.NewServer(routes.Handler(h.world.Deps, mounted...))
		defer front.Close()
		h.url = front.URL
		h.logIn(ctx, t)
		h.account(ctx, t)
		for _, route := range append(routes.All(), mounted...) {
			h.askRoute(ctx, t, route.Path)
		}
		h.askOddly(ctx, t)
		h.useRealtime(ctx, t)
		h.sync(ctx)
		return nil
	})
	fmt.Fprintln(&h.out, "server:", err)
}

// ask sends a request as a client with both credentials, and records the answer.
func (h *recording) ask(ctx context.Context, t *testing.T, method, target, body string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, h.url+target, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if !h.sendsNone {
		request.Header.Set("X-Clockwork-Token", h.world.Token(h.who))
	}
	if method == http.MethodPost { // the answer is stored in Redis
		request.Header.Set("Idempotency-Key", rand.Text())
	}
	if h.token != "" {
		request.Header.Set("Authorization", "Bearer "+h.token)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	fmt.Fprintln(&h.out, method, response.Status, response.Header)
	return answer
}

func (h *recording) logIn(ctx context.Context, t *testing.T) {
	answer := h.ask(ctx, t, http.MethodPost, "/login", `{"username":"an","password":"`+userPassword+`"}`)
	var reply struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal(answer, &reply), "%s", answer)
	require.NotEmpty(t, reply.AccessToken)
	h.token = reply.AccessToken
	h.out.Write(bytes.ReplaceAll(answer, []byte(h.token), nil)) // only the login's own answer may have it
}

// account calls each route that issues a secret, and the routes that accept one.
func (h *recording) account(ctx context.Context, t *testing.T) {
	give := func(name, target, body string) (value string) {
		answer := h.ask(ctx, t, http.MethodPost, target, body)
		var reply map[string]any
		_ = json.Unmarshal(answer, &reply)
		for _, field := range []string{"access_token", "refresh_token", "token"} {
			if text, _ := reply[field].(string); text != "" {
				h.given[name+" "+field], value = text, text
				answer = bytes.ReplaceAll(answer, []byte(text), nil)
			}
		}
		h.out.Write(answer)
		return value
	}
	refresh := give("login", "/login", `{"username":"an","password":"`+userPassword+`","session":"token"}`)
	refresh = give("refresh", "/api/auth/token", `{"grant_type":"refresh_token","refresh_token":"`+refresh+`"}`)
	h.out.Write(h.ask(ctx, t, http.MethodPost, "/api/auth/token", `{"grant_type":"`+refresh+`","refresh_token":"`+refresh+`x"}`))
	personal := give("personal", "/api/tokens", `{"name":"script","scope":"write"}`)
	give("calendar", "/api/tokens", `{"name":"phone","scope":"calendar"}`)
	h.out.Write(h.ask(ctx, t, http.MethodPut, "/api/me/clockwork-token", `{"token":"`+h.world.Token(h.who)+`"}`))

	login := h.token
	h.sendsNone = true
	for _, token := range []string{login, personal, personal + "x"} {
		h.token = token
		h.out.Write(h.ask(ctx, t, http.MethodPost, "/api/timers/start", `{"issueKey":"OPS-64"}`))
		h.out.Write(h.ask(ctx, t, http.MethodPost, "/api/timers/stop", `{"issueKey":"OPS-64"}`))
		h.out.Write(h.ask(ctx, t, http.MethodGet, "/api/timers/active", ""))
		h.out.Write(h.ask(ctx, t, http.MethodGet, "/ws?token="+token, ""))
	}
	h.token, h.sendsNone = "", false
	h.out.Write(h.ask(ctx, t, http.MethodGet, "/api/timers/stream?token="+personal+"x", ""))
	for _, provider := range []string{"atlassian", "oidc"} {
		h.signIn(ctx, t, provider)
	}
	h.token = login
}

// signIn returns from a provider with a code, as a browser does.
func (h *recording) signIn(ctx context.Context, t *testing.T, provider string) {
	get := func(target string, cookies []*http.Cookie) *http.Response {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+target, nil)
		require.NoError(t, err)
		for _, c := range cookies {
			request.AddCookie(c)
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		fmt.Fprintf(&h.out, "%s: %s %v %s\n", provider, response.Status, response.Header, body)
		return response
	}
	there := get("/api/auth/login/"+provider, nil)
	address, err := url.Parse(there.Header.Get("Location"))
	require.NoError(t, err)
	get("/api/auth/callback?"+url.Values{"code": {secretCode}, "state": {address.Query().Get("state")}}.Encode(), there.Cookies())
}

// askRoute sends a good request for each operation of the route, and one with a wrong
// method.
func (h *recording) askRoute(ctx context.Context, t *testing.T, path string) {
	p, known := h.world.Person(h.who), isRealtime(path) // see useRealtime
	for _, r := range requests.All(requests.World{AccountID: p.AccountID, Email: p.Email, ClockworkToken: h.world.Token(h.who), IssueKey: "OPS-64",
		Username: "an", Password: userPassword + "x", Calendar: h.given["calendar token"]}) {
		if r.Route == path {
			known = true
			h.out.Write(h.ask(ctx, t, r.Method, r.Target, r.Body))
		}
	}
	assert.True(t, known, "package requests does not say how to call %s", path)
	h.out.Write(h.ask(ctx, t, http.MethodDelete, strings.ReplaceAll(path, "{key}", "A-1"), ""))
}

// askOddly sends requests that are unusual or wrong, with secrets in parts of them that
// should have none.
func (h *recording) askOddly(ctx context.Context, t *testing.T) {
	account, email := h.world.Person(h.who).AccountID, url.QueryEscape(h.world.Person(h.who).Email)
	token, april := h.world.Token(h.who), "&from=2026-04-01&to=2026-05-04"
	inQuery, inPath := url.QueryEscape(token), url.PathEscape(token)
	for _, request := range []string{
		`POST /api/login {"password":"` + userPassword + `"}`, `POST /login {"username":"` + userPassword + `","password":"` + userPassword + `"}`,
		"GET /api/timers/active", "GET /api/timers/active?userEmail=" + email,
		`POST /api/timers/start {"issueKey":"` + token + `"}`, `POST /api/timers/stop {"accountId":"` + account + `"}`,
		"GET /api/worklogs?userEmail=" + email, "GET /api/worklogs?tz=" + inQuery, "GET /api/today?tz=" + inQuery,
		"GET /api/worklogs/summary?group=" + inQuery + april, "GET /api/calendar/" + h.given["calendar token"],
		"GET /api/team?project=" + inQuery, `PUT /api/settings/visibility {"team":"` + token + `"}`,
		`PUT /api/settings {"workdays":[1],"dailyTargetMinutes":"` + token + `"}`, `POST /api/settings/validate {"clockworkApiToken":"` + token + `"}`,
		"GET /api/issues/search?accountId=" + account + "&q=portal", "GET /api/issues/" + inPath, "GET /api/users/resolve?query=linh",
		`POST /api/auth/token {"grant_type":"refresh_token","refresh_token":"` + token + `"}`, "DELETE /api/auth/sessions/" + inPath, "DELETE /api/tokens/" + inPath,
		"GET /api/auth/login/oidc", "GET /api/auth/login/atlassian", "GET /api/auth/callback?again=1&state=x&code=" + inQuery, "GET /api/auth/authorize?client_id=cli&state=" + inQuery,
	} {
		method, rest, _ := strings.Cut(request, " ")
		target, body, _ := strings.Cut(rest, " ")
		h.out.Write(h.ask(ctx, t, method, target, body))
	}
}

// useRealtime opens a WebSocket and a stream, with the token in the address, because
// addresses are easily logged.
func (h *recording) useRealtime(ctx context.Context, t *testing.T) {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	header := http.Header{"X-Clockwork-Token": {h.world.Token(h.who)}}
	ws, response, err := websocket.Dial(ctx, strings.Replace(h.url, "http", "ws", 1)+"/ws?token="+h.token, &websocket.DialOptions{HTTPHeader: header})
	require.NotNil(t, response, "%v", err)
	fmt.Fprintln(&h.out, "ws:", response.Status, response.Header)
	if err == nil {
		account := h.world.Person(h.who).AccountID
		for _, message := range []string{
			`{"action":"timer_start","id":"t1","user_id":"` + account + `","started_at":"` + h.world.Clock.Now().UTC().Format(time.RFC3339) + `"}`,
			`{"action":"timer_start","id":"t2","user_id":"` + account + `","started_at":"` + h.world.Clock.Now().UTC().Format(time.RFC3339) + `","issue_key":"OPS-64"}`,
			`{"action":"` + h.token + `","id":"` + h.world.Token(h.who)[:8] + `"}`,
			`{"action":"timer_stop","id":"t1","user_id":"` + account + `","started_at":"` + h.world.Clock.Now().UTC().Format(time.RFC3339) + `"}`,
			`{"action":"nothing","id":"the-last"}`,
		} {
			require.NoError(t, ws.Write(ctx, websocket.MessageText, []byte(message)))
		}
		h.listen(ctx, ws)
	}
	for _, target := range []string{"/ws?token=" + h.token + "x", "/api/timers/stream?token=" + h.token + "x"} {
		token := h.token
		h.token = ""
		h.out.Write(h.ask(ctx, t, http.MethodGet, target, ""))
		h.token = token
	}
	h.stream(ctx, t)
}

// listen records the connection's messages until it has refused the last action.
func (h *recording) listen(ctx context.Context, ws *websocket.Conn) {
	defer ws.CloseNow()
	for {
		_, message, err := ws.Read(ctx)
		if err != nil {
			fmt.Fprintln(&h.out, "ws:", err)
			return
		}
		fmt.Fprintf(&h.out, "ws: %s\n", message)
		if bytes.Contains(message, []byte("the-last")) {
			return
		}
	}
}

func (h *recording) stream(ctx context.Context, t *testing.T) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/api/timers/stream?token="+h.token, nil)
	require.NoError(t, err)
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	first := make([]byte, 4096)
	n, _ := response.Body.Read(first)
	fmt.Fprintf(&h.out, "stream: %s %v %s\n", response.Status, response.Header, first[:n])
}

// sync runs the function as Inngest does, step by step, and records what Inngest would
// store. The dev server's requests need no signature.
func (h *recording) sync(ctx context.Context) {
	for _, key := range h.world.Redis.Miniredis().Keys() {
		if strings.HasPrefix(key, "clockwork:token:") {
			h.world.Redis.Miniredis().Del(key) // so that the source must get a new one
		}
	}
	steps := map[string]any{}
	for range 5 {
		request, _ := http.NewRequestWithContext(ctx, http.MethodPost, h.url+"/api/inngest?fnId=clockwork-timers-sync-active-timers&stepId=step", bytes.NewReader(call(steps)))
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			fmt.Fprintln(&h.out, "inngest:", err)
			return
		}
		answer, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		fmt.Fprintf(&h.out, "step: %s %v %s\n", response.Status, response.Header, answer)
		var ops []struct {
			ID   string          `json:"id"`
			Op   string          `json:"op"`
			Data json.RawMessage `json:"data"`
		}
		if response.StatusCode != http.StatusPartialContent || json.Unmarshal(answer, &ops) != nil || len(ops) == 0 {
			return
		}
		for _, op := range ops {
			steps[op.ID] = map[string]any{"type": "data", "data": op.Data}
		}
	}
}

// aJWT matches a JWT or the first part of one: bearer tokens, sessions and
// Clockwork's own.
var aJWT = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(\.|%2E)[A-Za-z0-9_-]{8,}`)

// search looks for secrets, in every form, in everything that a world has written.
func search(t *testing.T, w *apptest.World, answers string, secrets map[string]string) {
	t.Helper()
	log := w.Log.String()
	for place, text := range map[string]string{"the log": log, "an answer": answers, "Redis": fmt.Sprint(storedIn(w))} {
		for name, value := range secrets {
			for form, written := range formsOf(value) {
				if strings.Contains(text, written) {
					assert.Fail(t, "a secret", "%s holds the %s (%s)%s", place, name, form, around(text, written))
				}
			}
		}
		assert.Empty(t, aJWT.FindString(text), "%s holds a JWT%s", place, around(text, aJWT.FindString(text)))
		assert.NotContains(t, text, base64.StdEncoding.EncodeToString([]byte(w.Env["ATLASSIAN_EMAIL"]+":")), place)
	}
	for _, p := range w.Sandbox.People() {
		for what, text := range map[string]string{"e-mail address": p.Email, "escaped e-mail address": url.QueryEscape(p.Email), "account id": p.AccountID, "name": p.DisplayName} {
			if strings.Contains(log, text) {
				assert.Fail(t, "a person", "the log holds the %s of %s%s", what, p.DisplayName, around(log, text))
			}
		}
	}
}

// around returns the text around something that was found, without repeating it.
func around(text, found string) string {
	i := strings.Index(text, found)
	if i < 0 || found == "" {
		return ""
	}
	return ": …" + text[max(0, i-160):i] + "[here]" + text[i+len(found):min(len(text), i+len(found)+60)]
}

// formsOf returns the ways to write a text: as it is, escaped, in hexadecimal, and in
// base64 at each offset.
func formsOf(value string) map[string]string {
	forms := map[string]string{"as it is": value, "escaped for a query": url.QueryEscape(value), "escaped for a path": url.PathEscape(value),
		"in hexadecimal": hex.EncodeToString([]byte(value))}
	for offset := range 3 {
		padded := append(make([]byte, offset), value...)
		whole := len(padded) / 3 * 3
		skip := []int{0, 2, 3}[offset] // characters that also hold bits of the text before
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.StdEncoding, "base64url": base64.URLEncoding} {
			forms[fmt.Sprintf("in %s from %d", name, offset)] = encoding.EncodeToString(padded[:whole])[skip:]
		}
	}
	return forms
}

// formsOf covers each way in which a secret may be written.
func TestFormsOf(t *testing.T) {
	const value = "tok/en+with=signs-and-more"
	for name, text := range map[string]string{
		"raw": "x " + value, "query": "?a=" + url.QueryEscape(value), "path": "/" + url.PathEscape(value), "hex": hex.EncodeToString([]byte("a" + value)),
		"base64-0": base64.StdEncoding.EncodeToString([]byte(value)), "base64-1": base64.StdEncoding.EncodeToString([]byte("x" + value + "y")),
		"base64-2": base64.URLEncoding.EncodeToString([]byte("me" + value)), "basic": base64.StdEncoding.EncodeToString([]byte("a@example.test:" + value)),
	} {
		found := false
		for _, written := range formsOf(value) {
			found = found || strings.Contains(text, written)
		}
		assert.True(t, found, name)
	}
}
