package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/config"
)

// Whoever has stolen the credential of Redis must not have the key with it.
func TestOwnerKey(t *testing.T) {
	named := func(variable, value string) string {
		env := map[string]string{"TOKEN_ENCRYPTION_KEY": ""}
		if variable != "" {
			env[variable] = value
		}
		return apptest.New(t, apptest.Options{Unsynced: true, Env: env}).Deps.Owners.Keys[0].Name("text")
	}
	usual := named("", "")
	assert.Equal(t, usual, named("UPSTASH_REDIS_REST_TOKEN", "another"))
	assert.NotEqual(t, usual, named("ATLASSIAN_API_TOKEN", "another"))
	assert.NotEqual(t, usual, named("TOKEN_ENCRYPTION_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="))
}

// The defaults are the contract's deadlines.
func TestDeadlinesByDefault(t *testing.T) {
	d, err := app.New(apptest.New(t, apptest.Options{Unsynced: true}).Deps.Config, app.Options{})
	require.NoError(t, err)
	assert.Equal(t, app.Deadlines{Request: 25 * time.Second, Redis: 2 * time.Second, SendEvent: 3 * time.Second, Names: 2 * time.Second, Check: 5 * time.Second}, d.Deadlines)
}

// A fault that only a client finds is reported like any other fault of the
// configuration.
func TestNewNamesTheVariable(t *testing.T) {
	for variable, change := range map[string]func(env map[string]string){
		"REDIS_URL": func(env map[string]string) {
			delete(env, "UPSTASH_REDIS_REST_URL")
			delete(env, "UPSTASH_REDIS_REST_TOKEN")
			env["REDIS_URL"] = "redis://host:not-a-port"
		},
		"UPSTASH_REDIS_REST_TOKEN": func(env map[string]string) { env["UPSTASH_REDIS_REST_TOKEN"] = "two words" },
	} {
		t.Run(variable, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{Unsynced: true})
			change(w.Env)
			c, err := config.Load(w.Env)
			require.NoError(t, err)
			d, err := app.New(c, app.Options{})
			var wrong *config.Error
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, []string{variable}, wrong.Variables())
			require.NotNil(t, d)
			assert.NotNil(t, d.Config)
			assert.NotNil(t, d.Log)
		})
	}
}

func TestLogMasks(t *testing.T) {
	c, err := config.Load(apptest.New(t, apptest.Options{Unsynced: true}).Env)
	require.NoError(t, err)
	token := c.Jira.APIToken.Reveal()
	for _, env := range []string{"", "production"} {
		c.Platform.VercelEnv = env
		var out bytes.Buffer
		log := app.NewLog(&out, c)
		log.Info("said "+token, "text", "from an.le+x@mail.example.test", "error", fmt.Errorf("wrapped: %w", errors.New("for <b@example.test>: "+token)), "path", "/api/issues/ABC-7")
		assert.NotContains(t, out.String(), token)
		assert.NotContains(t, out.String(), "example.test")
		assert.Equal(t, 2, strings.Count(out.String(), "[e-mail]"))
		assert.Contains(t, out.String(), "/api/issues/ABC-7")
		assert.Equal(t, env == "production", strings.HasPrefix(out.String(), "{"), "JSON where machines read it")
	}
}

// Account ids are masked in all of their forms.
func TestLogMasksAccounts(t *testing.T) {
	var out bytes.Buffer
	log := app.NewLog(&out, apptest.New(t, apptest.Options{Unsynced: true}).Deps.Config)
	log.Info("seen", "new", "for 712020:1e7ab5a2-32ab-4c1d-9a3e-0123456789ab, 70121:1e7ab5a2-32ab-4c1d-9a3e-0123456789ab and 7120201:1e7ab5a2-32ab-4c1d-9a3e-0123456789ab", "old", "5b10a2844c20165700ede21g 5b10a2844c20165700ede21f", "trace_id", "0af7651916cd43dd8448eb211c80319c")
	assert.Contains(t, out.String(), `new="for [account], [account] and [account]"`)
	assert.Contains(t, out.String(), `old="5b10a2844c20165700ede21g [account]"`)
	assert.Contains(t, out.String(), "trace_id=0af7651916cd43dd8448eb211c80319c")
}

func TestDurationsCanBeRead(t *testing.T) {
	c := apptest.New(t, apptest.Options{Unsynced: true}).Deps.Config
	c.Platform.VercelEnv = "production"
	var out bytes.Buffer
	app.NewLog(&out, c).Info("done", "took", 1500*time.Millisecond)
	assert.Contains(t, out.String(), `"took":"1.5s"`)
}
