package timersource

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// An upstream that repeats all that it got must not make us repeat it.
func TestNoSecretReachesAnErrorOrALog(t *testing.T) {
	const tokenValue = "t0ken-s3cret-value"
	echo := func(status int, format string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			all := r.Header.Get("Cookie") + " " + r.Header.Get("Authorization")
			if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), tokenValue) {
				all += " " + tokenValue
			}
			answer(status, fmt.Sprintf(format, all))(w, r)
		}
	}
	const inGraphQL = `{"errors":[{"message":"%s","extensions":{"errorType":"E"}}]}`
	scenes := map[string]func(w *world){
		"servlet":   func(w *world) { w.routes[servlet] = echo(401, `{"message":"%s"}`) },
		"report":    func(w *world) { w.routes["/report/timers.json"] = echo(403, `{"message":"%s"}`) },
		"discovery": func(w *world) { w.routes[opApps] = echo(200, inGraphQL) },
		"signature": func(w *world) { w.routes[opSign] = echo(200, inGraphQL) },
		"invoke":    func(w *world) { w.routes[opInvoke] = echo(200, inGraphQL) },
		"remote": func(w *world) {
			w.routes[opInvoke] = echo(200, `{"data":{"invokeExtension":{"success":true,"response":{"body":{"status":500,"body":{"message":"%s"}}}}}}`)
		},
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			w := onForge(t)
			w.routes[servlet] = answer(200, `{"contextJwt":"`+endsAt(t, start.Add(time.Minute))+`"}`)
			w.routes["/report/timers.json"] = answer(200, onePage)
			scene(w)
			token := Token{Value: secret.New(tokenValue), ExpiresAt: start}
			connect, forge := newConnect(t, w), newForge(t, w)
			var failures []string
			for _, call := range []func() error{
				func() error { _, err := connect.Acquire(t.Context()); return err },
				func() error { _, err := connect.Timers(t.Context(), token, Cached{}); return err },
				func() error { _, err := forge.Acquire(t.Context()); return err },
				func() error { _, err := forge.Timers(t.Context(), token, Cached{}); return err },
			} {
				if err := call(); err != nil {
					failures = append(failures, fmt.Sprintf("%v %+v %#v", err, err, err))
				}
			}
			require.NotEmpty(t, failures)
			seen := strings.Join(failures, " ") + w.log.String() + fmt.Sprintf("%v %+v", token, w.opts)
			assert.NotContains(t, seen, tokenValue)
			assert.NotContains(t, seen, "c3-s3cret")
			for _, r := range w.requests {
				assert.NotContains(t, r.URL.String(), "s3cret", "never in a URL")
			}
		})
	}
}
