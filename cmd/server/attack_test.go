package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/users"
)

// Requests as an attacker would send them, to the server as it runs: byte by
// byte, past every client library.

const (
	attackedSecret = "9vJx2mQe7Lr4Tz8Kp1Wd6Yc3Hn5Bf0Gs"
	attackedSigner = "signkey-prod-00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

// victim is a running server in required mode, and whom it may not tell about.
type victim struct {
	*apptest.World
	address string
	log     *apptest.Log
	token   string // of person 1, who is no admin
}

func attack(t *testing.T, env map[string]string) *victim {
	t.Helper()
	variables := map[string]string{"AUTH_MODE": "required", "JWT_SECRET": attackedSecret, "INNGEST_EVENT_KEY": "event-key-of-the-victim",
		"INNGEST_SIGNING_KEY": attackedSigner, "RATE_LIMIT": "off", "DATABASE_URL": "redis"}
	for name, value := range env {
		variables[name] = value
	}
	w, environ := world(t, variables)
	w.Sync(t)
	w.Sandbox.ResetRequests()
	v := &victim{World: w, log: &apptest.Log{}}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, nil, environ, strings.NewReader(""), io.Discard, v.log) }()
	t.Cleanup(func() { end(); assert.NoError(t, <-done) })
	require.Eventually(t, func() bool { return address.MatchString(v.log.String()) }, 20*time.Second, 5*time.Millisecond)
	v.address = "127.0.0.1:" + address.FindStringSubmatch(v.log.String())[1]
	v.token = v.sign(t, users.User{Username: "one", AccountID: v.Person(1).AccountID, Email: v.Person(1).Email})
	return v
}

func (v *victim) sign(t *testing.T, u users.User) string {
	t.Helper()
	token, err := auth.Signer{Secret: attackedSecret, Now: time.Now}.Sign(u)
	require.NoError(t, err)
	return token
}

// reply is one HTTP answer, in full.
type reply struct {
	*http.Response
	body string
}

// raw sends bytes on a connection of their own and reads one answer.
func (v *victim) raw(t *testing.T, text string) reply {
	t.Helper()
	conn, err := net.Dial("tcp", v.address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, _ = conn.Write([]byte(text)) // it may be cut off before the end
	return readReply(t, bufio.NewReader(conn))
}

func readReply(t *testing.T, from *bufio.Reader) reply {
	t.Helper()
	response, err := http.ReadResponse(from, nil)
	require.NoError(t, err)
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return reply{response, string(body)}
}

// text makes a request out of lines; HOST, TOKEN and the like stand for the
// victim's.
func (v *victim) text(lines string) string {
	lines = strings.NewReplacer("HOST", v.address, "TOKEN", v.token, "OWN", v.Person(1).AccountID, "OTHER", v.Person(3).AccountID,
		"OEMAIL", v.Person(3).Email, "CLOCKWORK", v.Token(1)).Replace(lines)
	head, body, _ := strings.Cut(lines, "\n\n")
	if body != "" && !strings.Contains(head, "Content-Length") && !strings.Contains(head, "Transfer-Encoding") {
		head += fmt.Sprintf("\nContent-Type: application/json\nContent-Length: %d", len(body))
	}
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
}

// untouched holds that no upstream was asked anything, and that nothing of the
// other person was told.
func (v *victim) untouched(t *testing.T, got reply) {
	t.Helper()
	assert.Empty(t, v.Sandbox.Requests(), "an upstream was asked")
	v.discreet(t, got)
}

func (v *victim) discreet(t *testing.T, got reply) {
	t.Helper()
	for _, text := range []string{v.Person(3).AccountID, v.Person(3).Email, v.Person(3).DisplayName} {
		assert.NotContains(t, got.body, text, "another's data")
	}
	for name, value := range v.Secrets() {
		assert.NotContains(t, got.body, value, name)
		assert.NotContains(t, v.log.String(), value, name)
	}
	for name, values := range got.Header {
		assert.NotContains(t, strings.ToLower(name+strings.Join(values, " ")), "evil", "a header of the attacker's")
	}
	assert.NotContains(t, v.log.String(), "panic")
}

// get is the head of a request with the token of person 1.
func get(target string) string {
	return "GET " + target + " HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nConnection: close\n\n"
}

func post(target, body string) string {
	return "POST " + target + " HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: CLOCKWORK\nConnection: close\n\n" + body
}

// Each of these is refused, or answered with what the caller may have, before
// an upstream hears of it.
func TestAttacks(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	long := strings.Repeat("a", 40<<10)
	for _, tt := range []struct {
		name, request string
		status        int
	}{
		{"timers-of-another", get("/api/timers/active?accountId=OTHER"), 403},
		{"timers-of-another-by-email", get("/api/timers/active?userEmail=OEMAIL"), 403},
		{"timers-of-two", get("/api/timers/active?accountId=OWN&accountId=OTHER"), 400},
		{"timers-of-two-in-other-words", get("/api/timers/active?accountId=OWN&accountId%5B%5D=OTHER&AccountId=OTHER&account_id=OTHER"), 200},
		{"timers-of-all", get("/api/timers/active?accountId=all"), 200},
		{"timers-of-own-and-a-zero", get("/api/timers/active?accountId=OWN%00OTHER"), 400},
		{"timers-in-a-body", "GET /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nConnection: close\n\n" + `{"accountId":"OTHER"}`, 200},
		{"worklogs-of-another", get("/api/worklogs?accountId=OTHER"), 403},
		{"worklogs-of-another-by-email", get("/api/worklogs?userEmail=OEMAIL"), 403},
		{"issues-of-another", get("/api/issues/search?accountId=OTHER"), 403},
		{"settings-of-another", post("/api/settings/validate", `{"accountId":"OTHER","clockworkApiToken":"CLOCKWORK"}`), 403},
		{"start-for-another", post("/api/timers/start", `{"issueKey":"OPS-64","accountId":"OTHER"}`), 403},
		{"stop-for-another", post("/api/timers/stop", `{"issueKey":"OPS-64","accountId":"OTHER"}`), 403},
		{"stop-what-is-not-ones-own", post("/api/timers/stop", `{"timerId":1}`), 200},
		{"account-twice-in-json", post("/api/timers/start", `{"accountId":"OWN","issueKey":"OPS-64","accountId":"OTHER"}`), 403},
		{"account-in-capitals-in-json", post("/api/timers/start", `{"issueKey":"OPS-64","ACCOUNTID":"OTHER"}`), 403},

		{"no-token", "GET /api/timers/active HTTP/1.1\nHost: HOST\nConnection: close\n\n", 401},
		{"token-in-the-address", "GET /api/timers/active?token=TOKEN&access_token=TOKEN HTTP/1.1\nHost: HOST\nConnection: close\n\n", 401},
		{"token-in-a-cookie", "GET /api/timers/active HTTP/1.1\nHost: HOST\nCookie: token=TOKEN\nConnection: close\n\n", 401},
		{"token-of-another-kind", "GET /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Basic TOKEN\nConnection: close\n\n", 401},
		{"two-tokens", "GET /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Bearer x\nAuthorization: Bearer TOKEN\nConnection: close\n\n", 401},
		{"another-method-on-top", "POST /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-HTTP-Method-Override: GET\nX-HTTP-Method: GET\nX-Method-Override: GET\nConnection: close\n\n" + `{}`, 405},
		{"start-by-get", "GET /api/timers/start?_method=POST HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-HTTP-Method-Override: POST\nConnection: close\n\n", 405},
		{"another-path-on-top", "GET /api/nothing HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Original-URL: /api/health\nX-Rewrite-URL: /api/health\nX-Forwarded-Prefix: /api/health\nConnection: close\n\n", 404},
		{"from-this-machine", "GET /api/timers/active HTTP/1.1\nHost: 127.0.0.1\nX-Forwarded-For: 127.0.0.1\nX-Real-IP: 127.0.0.1\nForwarded: for=127.0.0.1;host=evil.test\nConnection: close\n\n", 401},
		{"for-another-host", "GET /api/timers/active HTTP/1.1\nHost: evil.test\nX-Forwarded-Host: evil.test\nConnection: close\n\n", 401},
		{"as-to-a-proxy", "GET http://evil.test/api/timers/active HTTP/1.1\nHost: HOST\nConnection: close\n\n", 401},
		{"connect", "CONNECT evil.test:443 HTTP/1.1\nHost: evil.test:443\nConnection: close\n\n", 404},
		{"trace", "TRACE /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nConnection: close\n\n", 405},

		{"issue-by-a-way-up", get("/api/issues/..%2f..%2fmyself"), 400},
		{"issue-by-two-ways-up", get("/api/issues/OPS-64%2F..%2F..%2Fuser%3FaccountId=OTHER"), 400},
		{"issue-by-dots", get("/api/issues/%2e%2e"), 400},
		{"issue-with-a-query", get("/api/issues/OPS-64%3Ffields=*all"), 400},
		{"issue-with-a-fragment", get("/api/issues/OPS-64%23"), 400},
		{"issue-with-a-zero", get("/api/issues/OPS-64%00"), 400},
		{"issue-twice", get("/api/issues/OPS-64?key=OPS-42"), 400},
		{"way-up-in-the-path", get("/api/issues/../timers/active"), 404},
		{"twice-escaped", get("/api/%252e%252e/%252e%252e/etc/passwd"), 404},
		{"file-of-the-machine", get("/../../../../etc/passwd"), 404},
		{"backslashes", get(`/..\..\..\etc\passwd`), 404},
		{"environment", get("/.env"), 404},
		{"sources", get("/.git/config"), 404},
		{"go-mod", get("/go.mod"), 404},
		{"parameters-of-a-path", get("/api/timers/active;accountId=OTHER"), 404},
		{"another-spelling", get("/API/timers/active"), 404},
		{"slash-at-the-end", get("/api/timers/active/"), 404},
		{"two-slashes", get("//evil.test/%2f.."), 404},

		{"jql-in-an-account", get("/api/issues/search?accountId=x%22%20OR%20assignee%20is%20not%20EMPTY"), 400},
		{"new-line-in-a-value", get("/api/timers/active?userEmail=a%40b.test%0d%0aSet-Cookie:%20evil=1"), 400},
		{"new-line-in-a-path", get("/api/timers/active%0d%0aSet-Cookie:%20evil=1"), 404},
		{"new-line-in-an-id", "GET /api/nothing HTTP/1.1\nHost: HOST\nX-Request-Id: a%0d%0aSet-Cookie: evil=1\nConnection: close\n\n", 404},
		{"folded-line-in-an-id", "GET /api/nothing HTTP/1.1\nHost: HOST\nX-Request-Id: a\n Set-Cookie: evil=1\nConnection: close\n\n", 404},
		{"origin-of-the-attacker", "OPTIONS /api/timers/start HTTP/1.1\nHost: HOST\nOrigin: https://evil.test\nAccess-Control-Request-Method: POST\nConnection: close\n\n", 204},
		{"origin-null", "GET /api/timers/active HTTP/1.1\nHost: HOST\nOrigin: null\nConnection: close\n\n", 401},
		{"websocket-of-a-page", "GET /ws?token=TOKEN HTTP/1.1\nHost: HOST\nOrigin: https://evil.test\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n", 403},
		{"form-of-a-page", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: CLOCKWORK\nContent-Type: text/plain\nContent-Length: 2\nConnection: close\n\n{}", 415},

		{"header-too-large", "GET /api/timers/active HTTP/1.1\nHost: HOST\nX-Large: " + long + "\nConnection: close\n\n", 431},
		{"many-headers", "GET /api/timers/active HTTP/1.1\nHost: HOST\n" + strings.Repeat("X-A: b\n", 8000) + "Connection: close\n\n", 431},
		{"path-too-long", get("/api/issues/" + long), 431},
		{"query-too-long", get("/api/timers/active?accountId=" + strings.Repeat("a", 20<<10)), 400},
		{"many-parameters", get("/api/timers/active?" + strings.Repeat("a&", 10<<10)), 400},
		{"body-too-large", post("/api/timers/start", `{"comment":"`+strings.Repeat("a", 70<<10)+`"}`), 413},
		{"body-deep", post("/api/timers/start", strings.Repeat("[", 60<<10)), 400},
		{"body-deep-in-a-field", post("/api/timers/start", `{"issueKey":`+strings.Repeat(`{"a":`, 10<<10)+"1"+strings.Repeat("}", 10<<10)+"}"), 400},
		{"body-packed", "POST /api/timers/start HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: CLOCKWORK\nContent-Type: application/json\nContent-Encoding: gzip\nContent-Length: 4\nConnection: close\n\n\x1f\x8b\x08\x00", 400},
		{"token-too-long", "GET /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: " + strings.Repeat("a", 5000) + "\nConnection: close\n\n", 400},

		{"two-lengths", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nContent-Length: 2\nContent-Length: 40\nConnection: close\n\n{}GET /api/health HTTP/1.1", 400},
		{"length-with-a-sign", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nContent-Length: +2\nConnection: close\n\n{}", 400},
		{"unknown-transfer", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nTransfer-Encoding: xchunked\nConnection: close\n\n0", 501},
		{"two-transfers", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\nTransfer-Encoding: identity\nConnection: close\n\n0", 501},
		{"transfer-hidden", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nTransfer-Encoding : chunked\nConnection: close\n\n0", 400},
		{"no-host", "GET /api/health HTTP/1.1\nConnection: close\n\n", 400},
		{"two-hosts", "GET /api/health HTTP/1.1\nHost: HOST\nHost: evil.test\nConnection: close\n\n", 400},
		{"zero-in-a-header", "GET /api/health HTTP/1.1\nHost: HOST\nX-A: a\x00b\nConnection: close\n\n", 400},
		{"no-http", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := v.raw(t, v.text(tt.request))
			assert.Equal(t, tt.status, got.StatusCode, "%s", got.body)
			v.untouched(t, got)
			assert.Empty(t, got.Header.Get("Set-Cookie"))
			assert.Empty(t, got.Header.Get("Location"), "nobody is sent elsewhere")
			if tt.status/100 != 2 || tt.request[:7] == "OPTIONS" {
				assert.NotEqual(t, "*", got.Header.Get("Access-Control-Allow-Origin"))
				assert.NotContains(t, got.body, "127.0.0.1")
			}
		})
	}
}

// What is typed into a search box stays a text for Jira, whatever it is.
func TestAttackByJQL(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	for _, typed := range []string{`" OR project = BILL --`, `x" OR assignee is not EMPTY ORDER BY key DESC`, `\`, `\" OR 1=1`, `") OR (project = BILL`, "a\\u0022 OR project=BILL"} {
		t.Run(typed, func(t *testing.T) {
			got := v.raw(t, v.text(get("/api/issues/search?accountId=OWN&q="+url.QueryEscape(typed))))
			assert.Equal(t, http.StatusOK, got.StatusCode, "%s", got.body)
			var reply struct{ Issues []struct{ Key string } }
			require.NoError(t, json.Unmarshal([]byte(got.body), &reply))
			for _, issue := range reply.Issues {
				assert.NotContains(t, issue.Key, "BILL-")
			}
			assert.LessOrEqual(t, len(reply.Issues), 10)
		})
	}
}

// A signed token is taken only as this server signs.
func TestAttackByToken(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	claims := func(change func(*auth.Claims)) auth.Claims {
		c := auth.Claims{AccountID: v.Person(3).AccountID, Role: auth.RoleAdmin, RegisteredClaims: jwt.RegisteredClaims{Subject: "x", Issuer: auth.Issuer,
			Audience: jwt.ClaimStrings{auth.Audience}, IssuedAt: jwt.NewNumericDate(time.Now()), ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))}}
		if change != nil {
			change(&c)
		}
		return c
	}
	signed := func(method jwt.SigningMethod, key any, c auth.Claims) string {
		text, err := jwt.NewWithClaims(method, c).SignedString(key)
		require.NoError(t, err)
		return text
	}
	good := strings.Split(v.token, ".")
	payload, _ := base64.RawURLEncoding.DecodeString(good[1])
	forged := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), v.Person(1).AccountID, v.Person(3).AccountID, 1)))
	for name, token := range map[string]string{
		"none":             signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil)),
		"none-by-hand":     base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"nOnE"}`)) + "." + forged + ".",
		"another-secret":   signed(jwt.SigningMethodHS256, []byte(attackedSecret+"x"), claims(nil)),
		"empty-secret":     signed(jwt.SigningMethodHS256, []byte(""), claims(nil)),
		"another-method":   signed(jwt.SigningMethodHS512, []byte(attackedSecret), claims(nil)),
		"other-claims":     good[0] + "." + forged + "." + good[2],
		"cut-signature":    good[0] + "." + good[1] + ".",
		"expired":          signed(jwt.SigningMethodHS256, []byte(attackedSecret), claims(func(c *auth.Claims) { c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Minute)) })),
		"endless":          signed(jwt.SigningMethodHS256, []byte(attackedSecret), claims(func(c *auth.Claims) { c.ExpiresAt = nil })),
		"another-issuer":   signed(jwt.SigningMethodHS256, []byte(attackedSecret), claims(func(c *auth.Claims) { c.Issuer = "clockwork2" })),
		"another-audience": signed(jwt.SigningMethodHS256, []byte(attackedSecret), claims(func(c *auth.Claims) { c.Audience = jwt.ClaimStrings{"x"} })),
		"of-nobody":        signed(jwt.SigningMethodHS256, []byte(attackedSecret), claims(func(c *auth.Claims) { c.Subject = "" })),
	} {
		t.Run(name, func(t *testing.T) {
			for _, target := range []string{"/api/timers/active?accountId=OTHER", "/timers", "/api/timers/stream"} {
				got := v.raw(t, strings.Replace(v.text(get(target)), v.token, token, 1))
				assert.Equal(t, http.StatusUnauthorized, got.StatusCode, "%s", got.body)
				v.untouched(t, got)
			}
		})
	}
}

// signature is Inngest's for a body at a time.
func signature(key, body string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(strings.TrimPrefix(key, "signkey-prod-")))
	fmt.Fprintf(mac, "%s%d", body, at.Unix())
	return fmt.Sprintf("t=%d&s=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

const invocation = `{"attempt":0,"ctx":{"attempt":0,"fn_id":"3b1f2a44-0d9b-4d6a-8f6e-0f8a7a3f5c11","run_id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","step_id":"step"},` +
	`"event":{"data":{},"name":"clockwork/timers.sync.requested","ts":1},"events":[{"data":{},"name":"clockwork/timers.sync.requested","ts":1}],"steps":{},"version":1}`

// call is a call of the function with a signature and further headers.
func call(method, body, signature string, headers ...string) string {
	return method + " /api/inngest?fnId=clockwork-timers-sync-active-timers&stepId=step HTTP/1.1\nHost: HOST\nX-Inngest-Signature: " + signature +
		strings.Join(append([]string{""}, headers...), "\n") + "\nConnection: close\n\n" + body
}

// Only who has the signing key runs the function, for what they signed, now.
func TestAttackOnInngest(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	now := time.Now()
	other := strings.Replace(attackedSigner, "0011", "ffee", 1)
	for name, request := range map[string]string{
		"unsigned":            strings.Replace(call("POST", invocation, "-"), "X-Inngest-Signature: -\n", "", 1),
		"signed-by-nobody":    call("POST", invocation, "t=&s="),
		"signed-by-another":   call("POST", invocation, signature(other, invocation, now)),
		"signed-by-no-key":    call("POST", invocation, signature("", invocation, now)),
		"another-body":        call("POST", strings.Replace(invocation, `"data":{}`, `"data":{"jiraDomain":"evil.test"}`, 1), signature(attackedSigner, invocation, now)),
		"replayed-later":      call("POST", invocation, signature(attackedSigner, invocation, now.Add(-10*time.Minute))),
		"another-time":        call("POST", invocation, strings.Replace(signature(attackedSigner, invocation, now.Add(-10*time.Minute)), "t=", fmt.Sprintf("t=%d&x=", now.Unix()), 1)),
		"as-the-dev-server":   call("POST", invocation, "", "X-Inngest-Server-Kind: dev", "X-Inngest-Expected-Server-Kind: dev"),
		"register-unsigned":   strings.Replace(call("PUT", "{}", "-"), "X-Inngest-Signature: -\n", "", 1),
		"register-evil-host":  "PUT /api/inngest?deployId=x HTTP/1.1\nHost: evil.test\nX-Forwarded-Host: evil.test\nConnection: close\n\n{}",
		"register-by-another": call("PUT", `{"url":"https://evil.test/api/inngest"}`, signature(other, `{"url":"https://evil.test/api/inngest"}`, now)),
		"probe":               strings.Replace(call("POST", "{}", "t=1&s=1"), "fnId=", "probe=trust&fnId=", 1),
	} {
		t.Run(name, func(t *testing.T) {
			got := v.raw(t, v.text(request))
			assert.Equal(t, http.StatusUnauthorized, got.StatusCode, "%s", got.body)
			v.untouched(t, got)
			assert.NotContains(t, got.body, "run_id")
		})
	}
	t.Run("with-the-key", func(t *testing.T) { // else the rows above prove nothing
		got := v.raw(t, v.text(call("POST", invocation, signature(attackedSigner, invocation, now))))
		assert.Equal(t, http.StatusPartialContent, got.StatusCode, "%s", got.body)
		assert.NotEmpty(t, v.Sandbox.Requests())
	})
	t.Run("looked-at", func(t *testing.T) {
		got := v.raw(t, v.text(strings.Replace(call("GET", "", "-"), "X-Inngest-Signature: -\n", "", 1)))
		assert.NotContains(t, got.body, "sync-active-timers", "what it runs is told to nobody")
		v.discreet(t, got)
	})
}

// Without keys nobody is believed, rather than everybody.
func TestAttackOnInngestWithoutKeys(t *testing.T) {
	t.Parallel()
	v := attack(t, map[string]string{"INNGEST_SIGNING_KEY": "", "INNGEST_EVENT_KEY": ""})
	for name, sign := range map[string]string{"unsigned": "", "signed-with-nothing": signature("", invocation, time.Now())} {
		t.Run(name, func(t *testing.T) {
			got := v.raw(t, v.text(call("POST", invocation, sign)))
			assert.GreaterOrEqual(t, got.StatusCode, 400)
			v.untouched(t, got)
		})
	}
}

// A made-up address does not buy more guesses.
func TestAttackOnLogin(t *testing.T) {
	t.Parallel()
	v := attack(t, map[string]string{"AUTH_USERS": `[{"username":"one","password_hash":"$argon2id$v=19$m=4096,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]`})
	var statuses []int
	for n := range 12 {
		forged := fmt.Sprintf("X-Forwarded-For: 198.51.100.%d\nX-Real-IP: 198.51.100.%d\nForwarded: for=198.51.100.%d\nX-Vercel-Forwarded-For: 198.51.100.%d", n, n, n, n)
		got := v.raw(t, v.text("POST /login HTTP/1.1\nHost: HOST\n"+forged+"\nConnection: close\n\n"+fmt.Sprintf(`{"username":"one","password":"guess-%d"}`, n)))
		statuses = append(statuses, got.StatusCode)
		v.discreet(t, got)
		assert.NotContains(t, v.log.String(), "guess-")
	}
	assert.Equal(t, []int{401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 429, 429}, statuses)
}

// A body that says two lengths is read by one of them, and what follows is the
// next request of the same caller, with no more rights than they have.
func TestAttackBySmuggling(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	conn, err := net.Dial("tcp", v.address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	hidden := "GET /api/timers/active?accountId=" + v.Person(3).AccountID + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	_, err = conn.Write([]byte("POST /api/timers/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + v.token + "\r\nContent-Type: application/json\r\n" +
		fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 5+len(hidden)) + hidden))
	require.NoError(t, err)
	from := bufio.NewReader(conn)
	first := readReply(t, from)
	assert.Equal(t, http.StatusBadRequest, first.StatusCode, "an empty body, by its chunks: %s", first.body)
	second, err := http.ReadResponse(from, nil)
	if err == nil { // or the connection has ended
		defer second.Body.Close()
		assert.Equal(t, http.StatusUnauthorized, second.StatusCode, "the token of the first is not the second's")
	}
	v.untouched(t, first)
}

// A body without an end is cut off at the limit, not read.
func TestAttackByEndlessBody(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	conn, err := net.Dial("tcp", v.address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = conn.Write([]byte(v.text("POST /api/timers/start HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: CLOCKWORK\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n")))
	require.NoError(t, err)
	chunk := []byte("1000\r\n" + strings.Repeat(" ", 4096) + "\r\n")
	sent := 0
	for ; sent < 64<<20; sent += 4096 {
		if _, err = conn.Write(chunk); err != nil {
			break
		}
	}
	assert.Less(t, sent, 16<<20, "what fits into buffers on the way")
	assert.Empty(t, v.Sandbox.Requests())
}

// A client that sends drop by drop is cut off in time, be it in the header or in
// the body, and others are served meanwhile.
func TestAttackBySlowness(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	for _, tt := range []struct {
		name, begin, drop string
		within            time.Duration
	}{
		{"header", "GET /api/timers/active HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n", 10 * time.Second},
		{"request-line", "", "G", 10 * time.Second},
		{"body", v.text("POST /api/timers/start HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: CLOCKWORK\nContent-Type: application/json\nContent-Length: 60000\n\n"), " ", 40 * time.Second},
		{"body-without-a-token", v.text("POST /api/timers/start HTTP/1.1\nHost: HOST\nContent-Type: application/json\nContent-Length: 60000\n\n"), " ", 40 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", v.address)
			require.NoError(t, err)
			defer conn.Close()
			began := time.Now()
			_, err = conn.Write([]byte(tt.begin))
			require.NoError(t, err)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = io.Copy(io.Discard, conn)
			}()
			drops := time.NewTicker(200 * time.Millisecond)
			defer drops.Stop()
			for open := true; open; {
				select {
				case <-ended:
					open = false
				case <-drops.C:
					_, _ = conn.Write([]byte(tt.drop))
				}
				require.Less(t, time.Since(began), tt.within, "the connection is still open")
			}
			assert.Equal(t, http.StatusOK, v.raw(t, v.text(get("/api/health"))).StatusCode)
		})
	}
}

// A frame over the limit ends the connection that it came on.
func TestAttackByHugeFrame(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	ws, _, err := websocket.Dial(ctx, "ws://"+v.address+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + v.token}}})
	require.NoError(t, err)
	defer ws.CloseNow()
	ws.SetReadLimit(1 << 20)
	_ = ws.Write(ctx, websocket.MessageText, make([]byte, 4<<20))
	for err == nil {
		_, _, err = ws.Read(ctx)
	}
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	if code := websocket.CloseStatus(err); code != -1 {
		assert.Equal(t, websocket.StatusMessageTooBig, code)
	}
}
