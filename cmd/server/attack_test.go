package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/users"
)

// These tests send raw bytes to a running server, as an attacker would, without a
// client library.

const (
	attackedSecret = "9vJx2mQe7Lr4Tz8Kp1Wd6Yc3Hn5Bf0Gs"
	attackedSigner = "signkey-prod-00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

// victim is a running server in required mode.
type victim struct {
	*running
	address string
	token   string // of person 1, who is no admin
}

func attack(t *testing.T, env map[string]string) *victim {
	t.Helper()
	variables := map[string]string{"AUTH_MODE": "required", "JWT_SECRET": attackedSecret, "INNGEST_EVENT_KEY": "event-key-of-the-victim",
		"INNGEST_SIGNING_KEY": attackedSigner, "SYNC_INTERVAL": "off", "RATE_LIMIT": "off", "DATABASE_URL": "redis"}
	maps.Copy(variables, env)
	w, environ := world(t, variables)
	w.Sync(t)
	w.Sandbox.ResetRequests()
	v := &victim{running: startIn(t, w, environ)}
	v.address = strings.TrimPrefix(v.base, "http://")
	v.token = v.sign(t, users.User{Username: "one", AccountID: v.Person(1).AccountID, Email: v.Person(1).Email})
	return v
}

func (v *victim) sign(t *testing.T, u users.User) string {
	t.Helper()
	token, err := auth.Signer{Secret: attackedSecret, Now: time.Now}.Sign(auth.Grant{User: u})
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
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
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

// text makes a request out of lines. HOST, TOKEN and the other words in capitals
// stand for the victim's values.
func (v *victim) text(lines string) string {
	lines = strings.NewReplacer("HOST", v.address, "TOKEN", v.token, "OWN", v.Person(1).AccountID, "OTHER", v.Person(3).AccountID,
		"OEMAIL", v.Person(3).Email, "CLOCKWORK", v.Token(1)).Replace(lines)
	head, body, _ := strings.Cut(lines, "\n\n")
	if body != "" && !strings.Contains(head, "Content-Length") && !strings.Contains(head, "Transfer-Encoding") {
		head += fmt.Sprintf("\nContent-Type: application/json\nContent-Length: %d", len(body))
	}
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
}

// assertUntouched asserts that no upstream was called, and that nothing of the other
// person was sent.
func (v *victim) assertUntouched(t *testing.T, got reply) {
	t.Helper()
	assert.Empty(t, v.Sandbox.Requests(), "an upstream was asked")
	v.assertNoPrivateData(t, got)
}

func (v *victim) assertNoPrivateData(t *testing.T, got reply) {
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

// get returns a GET request with the token of person 1.
func get(target string) string {
	return "GET " + target + " HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nConnection: close\n\n"
}

func post(target, body string) string {
	return "POST " + target + " HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: CLOCKWORK\nConnection: close\n\n" + body
}

// Text from a search box adds no clause to the query.
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

// Forged forwarding headers do not allow more guesses of a password. Behind a trusted
// proxy, the last address is the one that counts, because the proxy appends it.
func TestAttackOnLogin(t *testing.T) {
	t.Parallel()
	const user = `[{"username":"one","password_hash":"$argon2id$v=19$m=4096,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]`
	for name, tt := range map[string]struct{ proxies, last string }{"no-proxy": {"", ""}, "proxy": {"127.0.0.0/8", ", 203.0.113.9"}, "another-proxy": {"10.0.0.0/8", ", 203.0.113.9"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := attack(t, map[string]string{"AUTH_USERS": user, "TRUSTED_PROXIES": tt.proxies})
			var statuses []int
			for n := range 12 {
				forged := fmt.Sprintf("X-Forwarded-For: 198.51.100.%d%s\nX-Real-IP: 198.51.100.%d\nForwarded: for=198.51.100.%d\nX-Vercel-Forwarded-For: 198.51.100.%d", n, tt.last, n, n, n)
				got := v.raw(t, v.text("POST /login HTTP/1.1\nHost: HOST\n"+forged+"\nConnection: close\n\n"+fmt.Sprintf(`{"username":"one","password":"guess-%d"}`, n)))
				statuses = append(statuses, got.StatusCode)
				v.assertNoPrivateData(t, got)
				assert.NotContains(t, v.log.String(), "guess-")
			}
			assert.Equal(t, []int{401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 429, 429}, statuses)
		})
	}
}
