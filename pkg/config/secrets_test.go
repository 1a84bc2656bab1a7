package config_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/config"
)

func TestSecrets(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	set := map[string]string{
		"UPSTASH_REDIS_REST_TOKEN": "rest-token", "REDIS_URL": "redis://:password@host", "CLOCKWORK_API_TOKEN": "clockwork-token",
		"ATLASSIAN_API_TOKEN": "atlassian-token", "JIRA_FULL_COOKIE": "a=b; tenant.session.token=c", "JIRA_TENANT_SESSION_TOKEN": "session-token",
		"INNGEST_EVENT_KEY": "event-key", "INNGEST_SIGNING_KEY": "signing-key", "TOKEN_ENCRYPTION_KEY": key, "JWT_SECRET": "the-new-one,the-old-one", "KV_REST_API_TOKEN": "short",
	}
	c, _ := config.Load(set) // what is missing does not matter here
	got := map[string]bool{}
	for _, s := range c.Secrets() {
		got[s.Reveal()] = true
	}
	for name, value := range set {
		assert.Equal(t, name != "KV_REST_API_TOKEN", got[value], name)
	}
	assert.True(t, got["the-new-one"] && got["the-old-one"], "each while one replaces the other")
}
