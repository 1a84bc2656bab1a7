package signin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/pkg/auth/logincode"
)

// firefox is a tab of Firefox, controlled by WebDriver BiDi.
type firefox struct {
	socket *websocket.Conn
	tab    string
	last   int
}

func startFirefox(t *testing.T, ctx context.Context) *firefox {
	path, err := exec.LookPath("firefox-esr")
	require.NoError(t, err, "Firefox is needed for this test (Debian package firefox-esr)")
	program := process.StartT(t, process.Command{Path: path, Args: []string{"--headless", "--no-remote", "--profile", t.TempDir(), "--remote-debugging-port", "0"}, Env: []string{"HOME=" + t.TempDir()}})
	listening := regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)
	f := &firefox{}
	require.NoError(t, process.Until(ctx, "Firefox", func(ctx context.Context) error {
		at := listening.FindStringSubmatch(program.Output())
		if at == nil {
			return fmt.Errorf("it printed %s", program.Output())
		}
		socket, _, err := websocket.Dial(ctx, at[1]+"/session", nil)
		f.socket = socket
		return err
	}))
	t.Cleanup(func() { _ = f.socket.CloseNow() })
	f.socket.SetReadLimit(16 << 20)
	f.call(t, ctx, "session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	var made struct{ Context string }
	f.call(t, ctx, "browsingContext.create", map[string]any{"type": "tab"}, &made)
	f.tab = made.Context
	return f
}

func (f *firefox) call(t *testing.T, ctx context.Context, method string, params any, into any) {
	t.Helper()
	f.last++
	require.NoError(t, wsjson.Write(ctx, f.socket, map[string]any{"id": f.last, "method": method, "params": params}))
	for {
		var message struct {
			ID             int
			Result         json.RawMessage
			Error, Message string
		}
		require.NoError(t, wsjson.Read(ctx, f.socket, &message))
		if message.ID != f.last {
			continue // an event
		}
		require.Empty(t, message.Error, message.Message)
		if into != nil {
			require.NoError(t, json.Unmarshal(message.Result, into))
		}
		return
	}
}

func (f *firefox) open(t *testing.T, ctx context.Context, address string) {
	t.Helper()
	f.call(t, ctx, "browsingContext.navigate", map[string]any{"context": f.tab, "url": address, "wait": "complete"}, nil)
}

// evaluate returns the value of an expression, which must be a string.
func (f *firefox) evaluate(t *testing.T, ctx context.Context, expression string) string {
	t.Helper()
	var answer struct{ Result struct{ Value string } }
	f.call(t, ctx, "script.evaluate", map[string]any{"expression": expression, "target": map[string]any{"context": f.tab}, "awaitPromise": true}, &answer)
	return answer.Result.Value
}

func (f *firefox) leadsTo(t *testing.T, ctx context.Context, origin, path string) {
	t.Helper()
	require.NoError(t, process.Until(ctx, "a page of "+origin, func(ctx context.Context) error {
		if at := f.evaluate(t, ctx, "location.origin + location.pathname"); at != origin+path {
			return fmt.Errorf("it is at %s", at)
		}
		return nil
	}))
}

// Firefox sends the sign-in's cookies after the redirect from another site. It keeps
// the session's cookie. An app gets its code after a form of the authorize page.
func testFirefox(t *testing.T, ctx context.Context, w *world) {
	f := startFirefox(t, ctx)
	f.open(t, ctx, w.server+"/api/auth/login/atlassian")
	f.evaluate(t, ctx, fmt.Sprintf(`document.querySelector("[name=account_id]").value = %q, document.querySelector("[name=site]").value = %q, document.querySelector("[value=accept]").click(), ""`,
		w.person.AccountID, w.Sandbox.Site().CloudID))
	f.leadsTo(t, ctx, w.server, "/")
	const refresh = `fetch("/api/auth/refresh", {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"}).then(async (a) => JSON.stringify([a.status, (await a.json()).user_id, document.cookie]))`
	signedIn := fmt.Sprintf(`[200,%q,""]`, w.person.AccountID)
	assert.JSONEq(t, signedIn, f.evaluate(t, ctx, refresh))
	f.open(t, ctx, w.server+"/")
	assert.JSONEq(t, signedIn, f.evaluate(t, ctx, refresh), "after a reload")

	arrived := make(chan url.Values, 1)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/callback" {
			arrived <- r.URL.Query()
		}
	}))
	defer app.Close()
	ask := url.Values{"client_id": {"desktop"}, "redirect_uri": {app.URL + "/callback"}, "state": {"state-of-the-app"},
		"code_challenge": {logincode.Challenge("a verifier")}, "code_challenge_method": {"S256"}}
	f.open(t, ctx, w.server+"/api/auth/authorize?"+ask.Encode())
	require.NoError(t, process.Until(ctx, "the question", func(ctx context.Context) error {
		if pressed := f.evaluate(t, ctx, `(button => button ? (button.click(), "pressed") : location.href)(document.querySelector("[value=allow]"))`); pressed != "pressed" {
			return fmt.Errorf("it is at %s", pressed)
		}
		return nil
	}))
	select {
	case back := <-arrived:
		assert.Equal(t, []string{"state-of-the-app", w.server}, []string{back.Get("state"), back.Get("iss")})
		assert.NotEmpty(t, back.Get("code"))
	case <-ctx.Done():
		require.NoError(t, ctx.Err())
	}
}
