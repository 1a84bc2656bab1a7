package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/config"
)

// setupWorld returns a world whose variables a test types, except the addresses of
// its stand-ins.
func setupWorld(t *testing.T) (w *apptest.World, environ []string, file string) {
	t.Helper()
	w = apptest.New(t, apptest.Options{Now: time.Now(), Unsynced: true, OverTCP: true})
	for _, name := range []string{"JIRA_BASE_URL", "CLOCKWORK_REPORT_BASE_URL", "TIMER_SOURCE"} {
		environ = append(environ, name+"="+w.Env[name])
	}
	return w, environ, filepath.Join(t.TempDir(), "clockwork.env")
}

func setup(t *testing.T, environ []string, file string, typed ...string) (string, error) {
	t.Helper()
	out := &apptest.Log{}
	err := run(t.Context(), []string{"setup", file}, environ, strings.NewReader(strings.Join(typed, "\n")+"\n"), out, io.Discard)
	return out.String(), err
}

func TestSetup(t *testing.T) {
	w, environ, file := setupWorld(t)
	out, err := setup(t, environ, file, "redis://127.0.0.1:1", w.Env["REDIS_URL"], // nothing listens at the first
		"https://acme", w.Env["ATLASSIAN_EMAIL"], "", w.Env["JIRA_DOMAIN"], "", "wrong", "", "", w.Env["ATLASSIAN_API_TOKEN"],
		w.Env["JIRA_TENANT_SESSION_TOKEN"], "hannah", "correct horse ")
	require.NoError(t, err, out)
	for _, text := range []string{"fail redis", "JIRA_DOMAIN must be a host name", "ATLASSIAN_API_TOKEN is missing", "ok   redis", "Jira refuses ATLASSIAN_EMAIL with ATLASSIAN_API_TOKEN", "ok   jira", "ok   session", "ok   timers", "id.atlassian.com > Security > API tokens", "Wrote "} {
		assert.Contains(t, out, text)
	}
	w.AssertNoSecrets(t, out)
	assert.NotContains(t, out, "correct horse")
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	c, err := config.Load(config.Environ(strings.Split(string(text), "\n")))
	require.NoError(t, err, "a server starts with it")
	assert.Equal(t, config.AuthRequired, c.Auth.Mode)
	assert.Len(t, c.TokenEncryptionKey.Bytes(), 32)
	_, hash, found := c.Auth.Users.Find("hannah")
	require.True(t, found)
	assert.True(t, hash.Matches("correct horse "))

	_, err = setup(t, environ, file, "n")
	require.ErrorContains(t, err, "was left as it is")
	same, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, text, same)
}

// An answer that fails its check can be kept, because a Redis may not be reachable
// from here.
func TestSetupKeepsWhatFails(t *testing.T) {
	w, environ, file := setupWorld(t)
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o644))
	_, err := setup(t, environ, file, "y", "redis://127.0.0.1:1", "", w.Env["JIRA_DOMAIN"], w.Env["ATLASSIAN_EMAIL"], w.Env["ATLASSIAN_API_TOKEN"],
		w.Env["JIRA_TENANT_SESSION_TOKEN"], "hannah", "correct horse")
	require.NoError(t, err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(text), "REDIS_URL=redis://127.0.0.1:1\n")
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "whatever the old file's mode was")
}

func TestInterruptedSetup(t *testing.T) {
	w, environ, file := setupWorld(t)
	for _, typed := range [][]string{{w.Env["REDIS_URL"], w.Env["JIRA_DOMAIN"]}, {w.Env["REDIS_URL"], w.Env["JIRA_DOMAIN"], w.Env["ATLASSIAN_EMAIL"], w.Env["ATLASSIAN_API_TOKEN"], w.Env["JIRA_TENANT_SESSION_TOKEN"], "two\twords", ""}} {
		_, err := setup(t, environ, file, typed...)
		require.Error(t, err)
		left, err := os.ReadDir(filepath.Dir(file))
		require.NoError(t, err)
		assert.Empty(t, left, "no file, whole or in part")
	}
}
