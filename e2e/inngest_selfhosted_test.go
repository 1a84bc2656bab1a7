package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/inngestdev"
	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/e2e/upstreams"
)

// A self-hosted Inngest (`inngest start`) learns of the function by its signed
// request to the server, and runs it. Before that, the sync route does not answer
// that a sync was requested.
func TestSelfHostedInngest(t *testing.T) {
	t.Parallel() // it waits more than it computes
	building, built := context.WithTimeout(t.Context(), 15*time.Minute)
	defer built()
	program, err := inngestdev.Build(building, "inngestserver")
	require.NoError(t, err)
	bin, err := process.Build(building, root, "./cmd/server", false)
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	port, appless := freePort(t), freePort(t)
	address := "http://127.0.0.1:" + port
	known := "http://localhost:" + port + "/api/inngest" // Inngest turns 127.0.0.1 into localhost, and would poll 127.0.0.1 for ever
	up := upstreams.Start(t)
	server := func(inngest *inngestdev.Server) (*process.Process, []string) {
		env := append(up.Env, "PORT="+port, "DATABASE_URL=sqlite://:memory:", "RATE_LIMIT=off", "INNGEST_BASE_URL="+inngest.URL,
			"INNGEST_EVENT_KEY="+inngestdev.EventKey, "INNGEST_SIGNING_KEY="+inngestdev.SigningKey)
		p := process.StartT(t, process.Command{Path: bin, Dir: t.TempDir(), Env: env, BareEnv: true})
		require.NoError(t, p.Answers(ctx, address+"/api/health"))
		return p, env
	}
	doctor := func(env []string) string {
		out, _ := process.Run(ctx, process.Command{Path: bin, Args: []string{"doctor"}, Env: env, BareEnv: true}) // it exits with an error because of other checks
		return out
	}

	t.Run("function-not-registered", func(t *testing.T) {
		p, env := server(inngestdev.StartSelfHostedT(t, program, "http://127.0.0.1:"+appless+"/api/inngest"))
		status, answer := post(ctx, t, address+"/api/timers/sync")
		assert.Equal(t, http.StatusBadGateway, status, answer)
		assert.Contains(t, answer, "INNGEST_UNAVAILABLE")
		assert.Contains(t, answer, "does not know the sync function")
		assert.Contains(t, doctor(env), "the function is not registered, so that nothing runs: start Inngest with --sdk-url")
		assert.Equal(t, "down", inngestCheck(ctx, t, address).Status)
		require.NoError(t, p.Stop())
	})
	t.Run("function-registered", func(t *testing.T) {
		_, env := server(inngestdev.StartSelfHostedT(t, program, known))
		require.NoError(t, process.Until(ctx, "a sync to be requested", func(ctx context.Context) error {
			if status, answer := post(ctx, t, address+"/api/timers/sync"); status != http.StatusAccepted {
				return fmt.Errorf("status %d: %s", status, answer)
			}
			return nil
		}))
		require.NoError(t, process.Until(ctx, "a run to be known", func(ctx context.Context) error {
			if c := inngestCheck(ctx, t, address); c.Status != "up" || !strings.Contains(c.Message, "last ran it at") {
				return fmt.Errorf("the check is %+v", c)
			}
			return nil
		}))
		require.NoError(t, process.Until(ctx, "the run to complete", func(context.Context) error {
			if out := doctor(env); !strings.Contains(out, "the function is registered; an event last ran it ") || !strings.Contains(out, "ago: completed") {
				return fmt.Errorf("doctor says %s", out)
			}
			return nil
		}))
		require.NoError(t, process.Until(ctx, "the timers to show", func(ctx context.Context) error {
			if answer := get(ctx, t, address+"/api/timers/active"); !strings.Contains(answer, `"PORTAL-312"`) {
				return fmt.Errorf("they are %s", answer)
			}
			return nil
		}))
	})
}

func post(ctx context.Context, t *testing.T, url string) (status int, answer string) {
	t.Helper()
	return exchange(ctx, t, http.MethodPost, url, "{}")
}

func get(ctx context.Context, t *testing.T, url string) string {
	t.Helper()
	_, answer := exchange(ctx, t, http.MethodGet, url, "")
	return answer
}

func exchange(ctx context.Context, t *testing.T, method, url, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(b)
}

type healthCheck struct{ Status, Message string }

// inngestCheck returns the check of Inngest in the deep health check.
func inngestCheck(ctx context.Context, t *testing.T, address string) healthCheck {
	t.Helper()
	var reply struct{ Checks map[string]healthCheck }
	require.NoError(t, json.Unmarshal([]byte(get(ctx, t, address+"/api/health?deep=1")), &reply))
	return reply.Checks["inngest"]
}
