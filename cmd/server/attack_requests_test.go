package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each request is refused, or answered with what the caller may see. None of them
// reaches an upstream.
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
		{"other-spellings-of-the-parameter", get("/api/timers/active?accountId=OWN&accountId%5B%5D=OTHER&AccountId=OTHER&account_id=OTHER"), 200},
		{"timers-of-all", get("/api/timers/active?accountId=all"), 200},
		{"null-byte-in-an-account", get("/api/timers/active?accountId=OWN%00OTHER"), 400},
		{"timers-in-a-body", "GET /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nConnection: close\n\n" + `{"accountId":"OTHER"}`, 200},
		{"worklogs-of-another", get("/api/worklogs?accountId=OTHER"), 403},
		{"worklogs-of-another-by-email", get("/api/worklogs?userEmail=OEMAIL"), 403},
		{"issues-of-another", get("/api/issues/search?accountId=OTHER"), 403},
		{"settings-of-another", post("/api/settings/validate", `{"accountId":"OTHER","clockworkApiToken":"CLOCKWORK"}`), 403},
		{"start-for-another", post("/api/timers/start", `{"issueKey":"OPS-64","accountId":"OTHER"}`), 403},
		{"stop-for-another", post("/api/timers/stop", `{"issueKey":"OPS-64","accountId":"OTHER"}`), 403},
		{"stop-a-timer-of-another", post("/api/timers/stop", `{"timerId":1}`), 200},
		{"account-twice-in-json", post("/api/timers/start", `{"accountId":"OWN","issueKey":"OPS-64","accountId":"OTHER"}`), 403},
		{"account-in-capitals-in-json", post("/api/timers/start", `{"issueKey":"OPS-64","ACCOUNTID":"OTHER"}`), 403},

		{"no-token", "GET /api/timers/active HTTP/1.1\nHost: HOST\nConnection: close\n\n", 401},
		{"token-in-the-address", "GET /api/timers/active?token=TOKEN&access_token=TOKEN HTTP/1.1\nHost: HOST\nConnection: close\n\n", 401},
		{"token-in-a-cookie", "GET /api/timers/active HTTP/1.1\nHost: HOST\nCookie: token=TOKEN\nConnection: close\n\n", 401},
		{"token-of-another-kind", "GET /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Basic TOKEN\nConnection: close\n\n", 401},
		{"two-tokens", "GET /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Bearer x\nAuthorization: Bearer TOKEN\nConnection: close\n\n", 401},
		{"method-override", "POST /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-HTTP-Method-Override: GET\nX-HTTP-Method: GET\nX-Method-Override: GET\nConnection: close\n\n" + `{}`, 405},
		{"start-by-get", "GET /api/timers/start?_method=POST HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-HTTP-Method-Override: POST\nConnection: close\n\n", 405},
		{"path-override", "GET /api/nothing HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Original-URL: /api/health\nX-Rewrite-URL: /api/health\nX-Forwarded-Prefix: /api/health\nConnection: close\n\n", 404},
		{"forged-loopback-address", "GET /api/timers/active HTTP/1.1\nHost: 127.0.0.1\nX-Forwarded-For: 127.0.0.1\nX-Real-IP: 127.0.0.1\nForwarded: for=127.0.0.1;host=evil.test\nConnection: close\n\n", 401},
		{"forged-host", "GET /api/timers/active HTTP/1.1\nHost: evil.test\nX-Forwarded-Host: evil.test\nConnection: close\n\n", 401},
		{"absolute-url", "GET http://evil.test/api/timers/active HTTP/1.1\nHost: HOST\nConnection: close\n\n", 401},
		{"connect", "CONNECT evil.test:443 HTTP/1.1\nHost: evil.test:443\nConnection: close\n\n", 404},
		{"trace", "TRACE /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nConnection: close\n\n", 405},

		{"issue-with-dot-dot", get("/api/issues/..%2f..%2fmyself"), 400},
		{"issue-with-dot-dot-and-a-query", get("/api/issues/OPS-64%2F..%2F..%2Fuser%3FaccountId=OTHER"), 400},
		{"issue-of-dots-only", get("/api/issues/%2e%2e"), 400},
		{"issue-with-a-query", get("/api/issues/OPS-64%3Ffields=*all"), 400},
		{"issue-with-a-fragment", get("/api/issues/OPS-64%23"), 400},
		{"issue-with-a-null-byte", get("/api/issues/OPS-64%00"), 400},
		{"dot-dot-in-the-path", get("/api/issues/../timers/active"), 404},
		{"twice-escaped", get("/api/%252e%252e/%252e%252e/etc/passwd"), 404},
		{"file-of-the-machine", get("/../../../../etc/passwd"), 404},
		{"backslashes", get(`/..\..\..\etc\passwd`), 404},
		{"environment", get("/.env"), 404},
		{"sources", get("/.git/config"), 404},
		{"go-mod", get("/go.mod"), 404},
		{"path-parameter", get("/api/timers/active;accountId=OTHER"), 404},
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
		{"websocket-from-another-origin", "GET /ws?token=TOKEN HTTP/1.1\nHost: HOST\nOrigin: https://evil.test\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n", 403},
		{"form-post", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: CLOCKWORK\nContent-Type: text/plain\nContent-Length: 2\nConnection: close\n\n{}", 415},

		{"header-too-large", "GET /api/timers/active HTTP/1.1\nHost: HOST\nX-Large: " + long + "\nConnection: close\n\n", 431},
		{"many-headers", "GET /api/timers/active HTTP/1.1\nHost: HOST\n" + strings.Repeat("X-A: b\n", 8000) + "Connection: close\n\n", 431},
		{"path-too-long", get("/api/issues/" + long), 431},
		{"query-too-long", get("/api/timers/active?accountId=" + strings.Repeat("a", 20<<10)), 400},
		{"many-parameters", get("/api/timers/active?" + strings.Repeat("a&", 10<<10)), 400},
		{"body-too-large", post("/api/timers/start", `{"comment":"`+strings.Repeat("a", 70<<10)+`"}`), 413},
		{"body-deep", post("/api/timers/start", strings.Repeat("[", 60<<10)), 400},
		{"body-deep-in-a-field", post("/api/timers/start", `{"issueKey":`+strings.Repeat(`{"a":`, 10<<10)+"1"+strings.Repeat("}", 10<<10)+"}"), 400},
		{"gzip-body", "POST /api/timers/start HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: CLOCKWORK\nContent-Type: application/json\nContent-Encoding: gzip\nContent-Length: 4\nConnection: close\n\n\x1f\x8b\x08\x00", 400},
		{"token-too-long", "GET /api/timers/active HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: " + strings.Repeat("a", 5000) + "\nConnection: close\n\n", 400},

		{"two-lengths", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nContent-Length: 2\nContent-Length: 40\nConnection: close\n\n{}GET /api/health HTTP/1.1", 400},
		{"length-with-a-sign", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nContent-Length: +2\nConnection: close\n\n{}", 400},
		{"unknown-transfer-encoding", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nTransfer-Encoding: xchunked\nConnection: close\n\n0", 501},
		{"two-transfer-encodings", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\nTransfer-Encoding: identity\nConnection: close\n\n0", 501},
		{"transfer-encoding-with-a-space", "POST /api/timers/stop HTTP/1.1\nHost: HOST\nTransfer-Encoding : chunked\nConnection: close\n\n0", 400},
		{"no-host", "GET /api/health HTTP/1.1\nConnection: close\n\n", 400},
		{"two-hosts", "GET /api/health HTTP/1.1\nHost: HOST\nHost: evil.test\nConnection: close\n\n", 400},
		{"null-byte-in-a-header", "GET /api/health HTTP/1.1\nHost: HOST\nX-A: a\x00b\nConnection: close\n\n", 400},
		{"tls-client-hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := v.raw(t, v.text(tt.request))
			assert.Equal(t, tt.status, got.StatusCode, "%s", got.body)
			v.assertUntouched(t, got)
			assert.Empty(t, got.Header.Get("Set-Cookie"))
			assert.Empty(t, got.Header.Get("Location"), "no redirect")
			if tt.status/100 != 2 || tt.request[:7] == "OPTIONS" {
				assert.NotEqual(t, "*", got.Header.Get("Access-Control-Allow-Origin"))
				assert.NotContains(t, got.body, "127.0.0.1")
			}
		})
	}
}

// If a request states its length twice, the server reads it by one of the two. What
// follows is the next request on the connection, and has no token of its own.
func TestAttackBySmuggling(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	conn, err := net.Dial("tcp", v.address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	hidden := "GET /api/timers/active?accountId=" + v.Person(3).AccountID + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	_, err = conn.Write([]byte("POST /api/timers/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + v.token + "\r\nContent-Type: application/json\r\n" +
		fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 5+len(hidden)) + hidden))
	require.NoError(t, err)
	from := bufio.NewReader(conn)
	first := readReply(t, from)
	assert.Equal(t, http.StatusBadRequest, first.StatusCode, "its chunks make an empty body: %s", first.body)
	second, err := http.ReadResponse(from, nil)
	if err == nil { // or the connection has ended
		defer second.Body.Close()
		assert.Equal(t, http.StatusUnauthorized, second.StatusCode, "the token of the first is not the second's")
	}
	v.assertUntouched(t, first)
}

// A page of another origin changes nothing, even if nobody has to log in.
func TestAttackByAForeignPage(t *testing.T) {
	t.Parallel()
	v := attack(t, map[string]string{"AUTH_MODE": "open"})
	for _, path := range []string{"/api/timers/start", "/api/timers/stop", "/api/timers/sync", "/api/settings/validate", "/login"} {
		for _, origin := range []string{"https://evil.test", "null", "http://localhost:5173"} {
			got := v.raw(t, v.text("POST "+path+" HTTP/1.1\nHost: HOST\nOrigin: "+origin+"\nX-Clockwork-Token: CLOCKWORK\nConnection: close\n\n{}"))
			assert.Equal(t, http.StatusForbidden, got.StatusCode, "%s from %s: %s", path, origin, got.body)
			v.assertUntouched(t, got)
		}
	}
}
