package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// signature returns Inngest's signature of a body, made at a time.
func signature(key, body string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(strings.TrimPrefix(key, "signkey-prod-")))
	fmt.Fprintf(mac, "%s%d", body, at.Unix())
	return fmt.Sprintf("t=%d&s=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

const invocation = `{"attempt":0,"ctx":{"attempt":0,"fn_id":"3b1f2a44-0d9b-4d6a-8f6e-0f8a7a3f5c11","run_id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","step_id":"step"},` +
	`"event":{"data":{},"name":"clockwork/timers.sync.requested","ts":1},"events":[{"data":{},"name":"clockwork/timers.sync.requested","ts":1}],"steps":{},"version":1}`

// call returns a request to run the function, with a signature and more headers.
func call(method, body, signature string, headers ...string) string {
	return method + " /api/inngest?fnId=clockwork-timers-sync-active-timers&stepId=step HTTP/1.1\nHost: HOST\nX-Inngest-Signature: " + signature +
		strings.Join(append([]string{""}, headers...), "\n") + "\nConnection: close\n\n" + body
}

// Only a request with a valid, recent signature of its body runs the function.
func TestAttackOnInngest(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	now := time.Now()
	other := strings.Replace(attackedSigner, "0011", "ffee", 1)
	for name, request := range map[string]string{
		"unsigned":                   strings.Replace(call("POST", invocation, "-"), "X-Inngest-Signature: -\n", "", 1),
		"empty-signature":            call("POST", invocation, "t=&s="),
		"signed-with-another-key":    call("POST", invocation, signature(other, invocation, now)),
		"signed-with-an-empty-key":   call("POST", invocation, signature("", invocation, now)),
		"changed-body":               call("POST", strings.Replace(invocation, `"data":{}`, `"data":{"jiraDomain":"evil.test"}`, 1), signature(attackedSigner, invocation, now)),
		"replayed-after-ten-minutes": call("POST", invocation, signature(attackedSigner, invocation, now.Add(-10*time.Minute))),
		"changed-time":               call("POST", invocation, strings.Replace(signature(attackedSigner, invocation, now.Add(-10*time.Minute)), "t=", fmt.Sprintf("t=%d&x=", now.Unix()), 1)),
		"as-the-dev-server":          call("POST", invocation, "", "X-Inngest-Server-Kind: dev", "X-Inngest-Expected-Server-Kind: dev"),
		"register-unsigned":          strings.Replace(call("PUT", "{}", "-"), "X-Inngest-Signature: -\n", "", 1),
		"register-evil-host":         "PUT /api/inngest?deployId=x HTTP/1.1\nHost: evil.test\nX-Forwarded-Host: evil.test\nConnection: close\n\n{}",
		"register-with-another-key":  call("PUT", `{"url":"https://evil.test/api/inngest"}`, signature(other, `{"url":"https://evil.test/api/inngest"}`, now)),
		"probe":                      strings.Replace(call("POST", "{}", "t=1&s=1"), "fnId=", "probe=trust&fnId=", 1),
	} {
		t.Run(name, func(t *testing.T) {
			got := v.raw(t, v.text(request))
			assert.Equal(t, http.StatusUnauthorized, got.StatusCode, "%s", got.body)
			v.assertUntouched(t, got)
			assert.NotContains(t, got.body, "run_id")
		})
	}
	signed := fmt.Sprintf("t=%d&s=00ff", now.Unix()) // with no key, but recently
	names := make([]string, 8000)
	for i := range names {
		names[i] = fmt.Sprintf(`"n%04d":0`, i)
	}
	for _, tt := range []struct {
		name, body string
		status     int
	}{
		{"of-unclosed-arrays", strings.Repeat("[", 200<<10), http.StatusBadRequest},
		{"of-many-names", "{" + strings.Join(names, ",") + "}", http.StatusBadRequest},
		{"too-large", `"` + strings.Repeat("a", 300<<10) + `"`, http.StatusRequestEntityTooLarge},
	} {
		for ask, request := range map[string]string{"run": call("POST", tt.body, signed), "register": call("PUT", tt.body, signed),
			"probe": strings.Replace(call("POST", tt.body, signed), "fnId=", "probe=trust&fnId=", 1)} {
			t.Run(ask+"-with-a-body-"+tt.name, func(t *testing.T) {
				got := v.raw(t, v.text(request))
				assert.Equal(t, tt.status, got.StatusCode, "%s", got.body)
				assert.Contains(t, got.body, fmt.Sprintf(`"statusCode":%d`, tt.status))
				v.assertUntouched(t, got)
			})
		}
	}
	t.Run("with-the-key", func(t *testing.T) { // without this row, those above would prove nothing
		got := v.raw(t, v.text(call("POST", invocation, signature(attackedSigner, invocation, now))))
		assert.Equal(t, http.StatusPartialContent, got.StatusCode, "%s", got.body)
		assert.NotEmpty(t, v.Sandbox.Requests())
	})
	t.Run("get-unsigned", func(t *testing.T) {
		got := v.raw(t, v.text(strings.Replace(call("GET", "", "-"), "X-Inngest-Signature: -\n", "", 1)))
		assert.NotContains(t, got.body, "sync-active-timers", "it does not say what it runs")
		v.assertNoPrivateData(t, got)
	})
}

// Without keys every request is refused.
func TestAttackOnInngestWithoutKeys(t *testing.T) {
	t.Parallel()
	v := attack(t, map[string]string{"INNGEST_SIGNING_KEY": "", "INNGEST_EVENT_KEY": ""})
	for name, sign := range map[string]string{"unsigned": "", "signed-with-nothing": signature("", invocation, time.Now())} {
		t.Run(name, func(t *testing.T) {
			got := v.raw(t, v.text(call("POST", invocation, sign)))
			assert.GreaterOrEqual(t, got.StatusCode, 400)
			v.assertUntouched(t, got)
		})
	}
}
