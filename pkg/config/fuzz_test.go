package config_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/secret"
)

// variables are those whose values are parsed.
var variables = []string{
	"UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN", "REDIS_URL", "CLOCKWORK_API_BASE_URL", "JIRA_DOMAIN", "JIRA_BASE_URL", "TIMER_SOURCE",
	"INNGEST_DEV", "INNGEST_BASE_URL", "AUTH_MODE", "JWT_SECRET", "AUTH_USERS", "CORS_ALLOWED_ORIGINS", "TOKEN_ENCRYPTION_KEY", "DEFAULT_TIMEZONE",
	"DATABASE_URL", "PORT", "LOG_LEVEL", "VERCEL_ENV", "RATE_LIMIT", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER",
	"OTEL_TRACES_SAMPLER_ARG", "METRICS_ADDRESS", "SYNC_INTERVAL", "TRUSTED_PROXIES", "GOAL_PER_DAY",
}

// canary is part of every value, so that an error that quotes it is noticed.
const canary = "c4nary-7f"

// FuzzLoad: any value of a variable is accepted, or reported by the variable's name and
// not quoted.
func FuzzLoad(f *testing.F) {
	for i, value := range []string{"https://x", "tok en", "redis://u:p@h:6379/0", "http://127.0.0.1/%zz", "a.atlassian.net", "https://h?x=y", "auto", "1",
		"\x00", "required", "a,b", `[{"username":"a","password_hash":"$argon2id$v=19$m=4096,t=1,p=1$AAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"}]`, "*,null",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "../../etc/passwd", "sqlite://", "65536", "debug+4", "production", "on", "http://h:4318", "a=%zz,b", "always_on", "NaN", ":0", "90s", "10.0.0.0/8", `[{"accounts":["*"],"hours":{"1-5":"7h30m"}}]`} {
		f.Add(uint8(i), value)
	}
	f.Fuzz(func(t *testing.T, which uint8, value string) {
		name := variables[int(which)%len(variables)]
		for _, value := range []string{value, value + canary, canary + value} {
			c, err := config.Load(map[string]string{name: value, "JIRA_DOMAIN": "acme.atlassian.net", "ATLASSIAN_EMAIL": "a@b.test",
				"ATLASSIAN_API_TOKEN": "atlassian-token", "JIRA_TENANT_SESSION_TOKEN": "session"})
			require.NotNil(t, c)
			for _, one := range c.Secrets() {
				assert.GreaterOrEqual(t, len(one.Reveal()), secret.Shortest)
			}
			_, _, _, _ = c.SiteURL(), c.JiraAPIURL(), c.BrowseURL(), c.InngestURL()
			_ = c.Telemetry.Fields()
			if err == nil {
				continue
			}
			var wrong *config.Error
			require.ErrorAs(t, err, &wrong)
			assert.NotContains(t, err.Error(), canary)
			for _, variable := range wrong.Variables() {
				known := slices.Contains(variables, variable) || slices.Contains([]string{"INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY"}, variable)
				assert.True(t, known, variable)
			}
		}
	})
}
