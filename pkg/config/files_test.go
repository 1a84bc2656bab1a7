package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/config"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "PATHVALUE")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// Every secret can come from a file, with one newline at its end.
func TestSecretsFromFiles(t *testing.T) {
	assert.Subset(t, config.FromFile(), []string{"REDIS_URL", "UPSTASH_REDIS_REST_TOKEN", "CLOCKWORK_API_TOKEN", "ATLASSIAN_API_TOKEN", "JIRA_FULL_COOKIE",
		"JIRA_TENANT_SESSION_TOKEN", "INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY", "JWT_SECRET", "AUTH_USERS", "TOKEN_ENCRYPTION_KEY", "OTEL_EXPORTER_OTLP_HEADERS"})
	environ := complete()
	var users strings.Builder
	hash := password.New("correct horse").PHC()
	for i := range 1000 { // more than an environment variable can hold
		users.WriteString(`,{"username":"u` + strings.Repeat("x", i/26) + string(rune('a'+i%26)) + `","password_hash":"` + hash + `"}`)
	}
	secrets := map[string]string{"ATLASSIAN_API_TOKEN": "from-a-file\n", "JIRA_TENANT_SESSION_TOKEN": "session-of-a-file\r\n", "AUTH_USERS": "[" + users.String()[1:] + "]\n",
		"TOKEN_ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"}
	for name, value := range secrets {
		environ[name], environ[name+"_FILE"] = "", file(t, value)
	}
	c, err := config.Load(environ)
	require.NoError(t, err)
	assert.Equal(t, "from-a-file", c.Jira.APIToken.Reveal())
	assert.Equal(t, "session-of-a-file", c.Session().Reveal())
	assert.Equal(t, 1000, c.Auth.Users.Len())
	assert.Len(t, c.TokenEncryptionKey.Bytes(), 32)
	assert.Empty(t, environ["ATLASSIAN_API_TOKEN"], "the caller's map is as it was")
}

func TestFaultyFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		set  map[string]string
		want string
	}{
		"both":       {map[string]string{"ATLASSIAN_API_TOKEN": "BADVALUE", "ATLASSIAN_API_TOKEN_FILE": file(t, "BADVALUE")}, "ATLASSIAN_API_TOKEN_FILE and ATLASSIAN_API_TOKEN are both set: unset one of them"},
		"not-there":  {map[string]string{"ATLASSIAN_API_TOKEN": "", "ATLASSIAN_API_TOKEN_FILE": "/PATHVALUE"}, "ATLASSIAN_API_TOKEN_FILE names a file that cannot be read"},
		"a-folder":   {map[string]string{"ATLASSIAN_API_TOKEN": "", "ATLASSIAN_API_TOKEN_FILE": t.TempDir()}, "ATLASSIAN_API_TOKEN_FILE names a file that cannot be read"},
		"empty":      {map[string]string{"ATLASSIAN_API_TOKEN": "", "ATLASSIAN_API_TOKEN_FILE": file(t, " \n")}, "ATLASSIAN_API_TOKEN_FILE names a file that is empty"},
		"too-large":  {map[string]string{"AUTH_USERS_FILE": file(t, strings.Repeat("BADVALUE", 3<<20))}, "AUTH_USERS_FILE names a file that is larger than 16 MiB"},
		"wrong-text": {map[string]string{"TOKEN_ENCRYPTION_KEY_FILE": file(t, "BADVALUE")}, "TOKEN_ENCRYPTION_KEY must be base64 of 32 bytes (openssl rand -base64 32), or two such keys, new,old"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(with(tt.set))
			assert.EqualError(t, err, tt.want, "one fault, with neither path nor contents")
		})
	}
}
