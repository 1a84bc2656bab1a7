package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDoctor(t *testing.T) {
	w, environ := world(t, nil)
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"doctor"}, environ, strings.NewReader(""), &stdout, w.Log))
	assert.Contains(t, stdout.String(), "ok   jira           example.atlassian.net accepts the API token of Hannah Vogel, ")
	assert.NotContains(t, stdout.String(), "\x1b", "no colours if stdout is not a terminal")
	assert.Empty(t, w.Log.String())
	w.AssertNoSecrets(t, stdout.String())
}

func TestDoctorFails(t *testing.T) {
	w, environ := world(t, nil)
	w.Refuse("redis")
	var stdout bytes.Buffer
	err := run(t.Context(), []string{"doctor"}, environ, strings.NewReader(""), &stdout, w.Log)
	require.EqualError(t, err, "one check failed")
	assert.Contains(t, stdout.String(), "fail redis ")
}

// doctor also works if the configuration is not complete yet.
func TestDoctorWithoutConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	var stdout bytes.Buffer
	err := run(t.Context(), []string{"doctor"}, []string{"JIRA_DOMAIN=https://acme"}, strings.NewReader(""), &stdout, io.Discard)
	require.EqualError(t, err, "5 checks failed")
	for _, name := range []string{"UPSTASH_REDIS_REST_URL", "JIRA_DOMAIN", "ATLASSIAN_EMAIL", "ATLASSIAN_API_TOKEN", "JIRA_TENANT_SESSION_TOKEN"} {
		assert.Contains(t, stdout.String(), "fail configuration  "+name+" ")
	}
	left, err := os.ReadDir(".")
	require.NoError(t, err)
	assert.Empty(t, left, "doctor writes no file")
}
