package config_test

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/config"
)

// complete is the least that a working backend needs.
func complete() map[string]string {
	return map[string]string{
		"UPSTASH_REDIS_REST_URL":    "https://cache.example.test/",
		"UPSTASH_REDIS_REST_TOKEN":  "upstash-token",
		"JIRA_DOMAIN":               "Acme.atlassian.net",
		"ATLASSIAN_EMAIL":           "bot@example.test",
		"ATLASSIAN_API_TOKEN":       "atlassian-token",
		"JIRA_TENANT_SESSION_TOKEN": "session",
	}
}

func with(changes map[string]string) map[string]string {
	environ := complete()
	maps.Copy(environ, changes)
	return environ
}

func TestLoadDefaults(t *testing.T) {
	c, err := config.Load(complete())
	require.NoError(t, err)
	assert.Equal(t, "https://api.clockwork.report/v1", c.Clockwork.APIBaseURL.String())
	assert.Equal(t, "https://app.clockwork.report", c.Clockwork.ReportBaseURL.String())
	assert.Equal(t, "https://cache.example.test", c.Redis.RESTURL.String(), "a trailing slash is cut")
	assert.Equal(t, "https://acme.atlassian.net", c.SiteURL())
	assert.Equal(t, "https://acme.atlassian.net", c.JiraAPIURL())
	assert.Equal(t, config.SourceAuto, c.Source.Kind)
	assert.Equal(t, config.AuthOpen, c.Auth.Mode)
	assert.Equal(t, config.Port(3000), c.Port)
	assert.Equal(t, "UTC", c.DefaultTimezone.String())
	assert.Equal(t, "session", c.Session().Reveal())
}

func TestLoadFaults(t *testing.T) {
	tests := []struct {
		name    string
		environ map[string]string
		want    []string
	}{
		{"nothing-set", map[string]string{}, []string{"UPSTASH_REDIS_REST_URL", "JIRA_DOMAIN", "ATLASSIAN_EMAIL", "ATLASSIAN_API_TOKEN", "JIRA_TENANT_SESSION_TOKEN"}},
		{"all-faults-at-once", with(map[string]string{"PORT": "BADVALUE", "LOG_LEVEL": "BADVALUE", "JIRA_DOMAIN": "https://BADVALUE/"}), []string{"PORT", "LOG_LEVEL", "JIRA_DOMAIN"}},
		{"plain-http-elsewhere", with(map[string]string{"JIRA_BASE_URL": "http://BADVALUE.test"}), []string{"JIRA_BASE_URL"}},
		{"address-with-password", with(map[string]string{"CLOCKWORK_API_BASE_URL": "https://u:BADVALUE@x.test"}), []string{"CLOCKWORK_API_BASE_URL"}},
		{"each-url-by-its-own-name", with(map[string]string{"KV_REST_API_URL": "BADVALUE", "INNGEST_BASE_URL": "BADVALUE"}), []string{"KV_REST_API_URL", "INNGEST_BASE_URL"}},
		{"rest-url-without-token", with(map[string]string{"UPSTASH_REDIS_REST_TOKEN": ""}), []string{"UPSTASH_REDIS_REST_TOKEN"}},
		{"key-prefix-with-a-glob", with(map[string]string{"KEY_PREFIX": "BADVALUE*"}), []string{"KEY_PREFIX"}},
		{"key-prefix-with-a-comma", with(map[string]string{"KEY_PREFIX": "BADVALUE,"}), []string{"KEY_PREFIX"}},
		{"key-prefix-too-long", with(map[string]string{"KEY_PREFIX": strings.Repeat("BADVALUE", 9)}), []string{"KEY_PREFIX"}},
		{"redis-url-of-another-kind", with(map[string]string{"REDIS_URL": "https://BADVALUE"}), []string{"REDIS_URL"}},
		{"unknown-time-zone", with(map[string]string{"DEFAULT_TIMEZONE": "BADVALUE/City"}), []string{"DEFAULT_TIMEZONE"}},
		{"unknown-source", with(map[string]string{"TIMER_SOURCE": "BADVALUE"}), []string{"TIMER_SOURCE"}},
		{"short-encryption-key", with(map[string]string{"TOKEN_ENCRYPTION_KEY": "QkFEVkFMVUU="}), []string{"TOKEN_ENCRYPTION_KEY"}},
		{"required-without-secret", with(map[string]string{"AUTH_MODE": "required"}), []string{"JWT_SECRET"}},
		{"public-url-with-a-path", with(map[string]string{"PUBLIC_URL": "https://timers.example.com/BADVALUE"}), []string{"PUBLIC_URL"}},
		{"admin-by-e-mail", with(map[string]string{"AUTH_ADMINS": "acc-1, BADVALUE@example.com"}), []string{"AUTH_ADMINS"}},
		{"atlassian-without-secret", with(signInWith(map[string]string{"ATLASSIAN_OAUTH_CLIENT_ID": "BADVALUE"})), []string{"ATLASSIAN_OAUTH_CLIENT_SECRET"}},
		{"atlassian-without-id", with(signInWith(map[string]string{"ATLASSIAN_OAUTH_CLIENT_SECRET": "BADVALUE"})), []string{"ATLASSIAN_OAUTH_CLIENT_ID"}},
		{"oidc-without-the-rest", with(signInWith(map[string]string{"OIDC_CLIENT_ID": "BADVALUE"})), []string{"OIDC_ISSUER", "OIDC_CLIENT_SECRET"}},
		{"oidc-over-plain-http", with(signInWith(map[string]string{"OIDC_ISSUER": "http://BADVALUE.example", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "y"})), []string{"OIDC_ISSUER"}},
		{"google-without-domains", with(signInWith(map[string]string{"OIDC_ISSUER": "https://accounts.google.com", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "BADVALUE"})), []string{"OIDC_EMAIL_DOMAINS"}},
		{"provider-without-address-or-secret", with(map[string]string{"ATLASSIAN_OAUTH_CLIENT_ID": "x", "ATLASSIAN_OAUTH_CLIENT_SECRET": "BADVALUE"}), []string{"PUBLIC_URL", "JWT_SECRET"}},
		{"three-encryption-keys", with(map[string]string{"TOKEN_ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,BADVALUE"}), []string{"TOKEN_ENCRYPTION_KEY"}},
		{"short-secret", with(map[string]string{"JWT_SECRET": "BADVALUE"}), []string{"JWT_SECRET"}},
		{"faulty-users", with(map[string]string{"AUTH_USERS": `[{"username":"BADVALUE","password_hash":"BADVALUE"}]`, "PORT": "BADVALUE"}), []string{"AUTH_USERS", "PORT"}},
		{"rate-limit-neither", with(map[string]string{"RATE_LIMIT": "BADVALUE"}), []string{"RATE_LIMIT"}},
		{"origin-of-all", with(map[string]string{"CORS_ALLOWED_ORIGINS": "*"}), []string{"CORS_ALLOWED_ORIGINS"}},
		{"origin-with-a-wildcard", with(map[string]string{"CORS_ALLOWED_ORIGINS": "https://*.BADVALUE.test"}), []string{"CORS_ALLOWED_ORIGINS"}},
		{"origin-with-a-slash", with(map[string]string{"CORS_ALLOWED_ORIGINS": "https://ok.test, https://BADVALUE.test/"}), []string{"CORS_ALLOWED_ORIGINS"}},
		{"origin-without-a-scheme", with(map[string]string{"CORS_ALLOWED_ORIGINS": "BADVALUE.test"}), []string{"CORS_ALLOWED_ORIGINS"}},
		{"unknown-auth-mode", with(map[string]string{"AUTH_MODE": "BADVALUE"}), []string{"AUTH_MODE"}},
		{"production-without-keys", with(map[string]string{"VERCEL_ENV": "production"}), []string{"INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY"}},
		{"dev-server-by-a-word", with(map[string]string{"INNGEST_DEV": "BADVALUE"}), []string{"INNGEST_DEV"}},
		{"dev-server-off-by-a-word", with(map[string]string{"INNGEST_DEV": "off", "PORT": "BADVALUE"}), []string{"INNGEST_DEV", "PORT"}},
		{"dev-server-of-another-kind", with(map[string]string{"INNGEST_DEV": "ftp://BADVALUE"}), []string{"INNGEST_DEV"}},
		{"dev-server-without-host", with(map[string]string{"INNGEST_DEV": "http://:8288"}), []string{"INNGEST_DEV"}},
		{"dev-server-with-password", with(map[string]string{"INNGEST_DEV": "http://u:BADVALUE@h:1"}), []string{"INNGEST_DEV"}},
		{"sync-interval-too-short", with(map[string]string{"SYNC_INTERVAL": "1s"}), []string{"SYNC_INTERVAL"}},
		{"sync-interval-too-long", with(map[string]string{"SYNC_INTERVAL": "10m"}), []string{"SYNC_INTERVAL"}},
		{"sync-interval-without-a-unit", with(map[string]string{"SYNC_INTERVAL": "60"}), []string{"SYNC_INTERVAL"}},
		{"proxy-by-name", with(map[string]string{"TRUSTED_PROXIES": "10.0.0.1, BADVALUE"}), []string{"TRUSTED_PROXIES"}},
		{"proxies-are-everybody", with(map[string]string{"TRUSTED_PROXIES": "0.0.0.0/0"}), []string{"TRUSTED_PROXIES"}},
		{"goal-in-words", with(map[string]string{"GOAL_PER_DAY": "BADVALUE"}), []string{"GOAL_PER_DAY"}},
		{"goal-of-no-weekday", with(map[string]string{"GOAL_PER_DAY": `[{"hours":{"BADVALUE":"8h"}}]`}), []string{"GOAL_PER_DAY"}},
		{"goal-without-a-unit", with(map[string]string{"GOAL_PER_DAY": `[{"hours":{"1":"BADVALUE"}}]`}), []string{"GOAL_PER_DAY"}},
		{"schedule-of-words", with(map[string]string{"SYNC_CRON": "every BADVALUE minutes"}), []string{"SYNC_CRON"}},
		{"schedule-beyond-the-clock", with(map[string]string{"SYNC_CRON": "60 * * * *"}), []string{"SYNC_CRON"}},
		{"inngest-of-ones-own-without-keys", with(map[string]string{"INNGEST_BASE_URL": "http://inngest:8288"}), []string{"INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY"}},
		{"plain-inngest-on-the-internet", with(map[string]string{"INNGEST_BASE_URL": "http://inngest.BADVALUE.com"}), []string{"INNGEST_BASE_URL"}},
		{"plain-inngest-at-a-public-address", with(map[string]string{"INNGEST_BASE_URL": "http://203.0.113.7:8288"}), []string{"INNGEST_BASE_URL"}},
		{"production-with-dev-server", with(map[string]string{"VERCEL_ENV": "production", "INNGEST_DEV": "1"}), []string{"INNGEST_DEV"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Load(tt.environ)
			var faults *config.Error
			require.ErrorAs(t, err, &faults)
			assert.ElementsMatch(t, tt.want, faults.Variables())
			assert.NotContains(t, err.Error(), "BADVALUE", "a value was printed")
		})
	}
}

func TestSyncInterval(t *testing.T) {
	inngest := map[string]string{"INNGEST_EVENT_KEY": "e", "INNGEST_SIGNING_KEY": "0a"}
	for _, tt := range []struct {
		text    string
		inngest bool
		want    time.Duration
	}{{"", false, time.Minute}, {"", true, 0}, {"off", false, 0}, {"0", false, 0}, {"90s", true, 90 * time.Second}, {" 5s ", false, 5 * time.Second}} {
		environ := with(map[string]string{"SYNC_INTERVAL": tt.text})
		if tt.inngest {
			maps.Copy(environ, inngest)
		}
		c, err := config.Load(environ)
		require.NoError(t, err)
		c.ServerDefaults()
		assert.Equal(t, tt.want, c.SyncInterval.Duration, "%+v", tt)
	}
}

func TestTrustedProxies(t *testing.T) {
	c, err := config.Load(with(map[string]string{"TRUSTED_PROXIES": "10.0.0.5, 172.16.0.0/12 fd00::/8,"}))
	require.NoError(t, err)
	assert.Equal(t, config.Proxies{netip.MustParsePrefix("10.0.0.5/32"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("fd00::/8")}, c.TrustedProxies)
}

func TestRedisFromVercelStorage(t *testing.T) {
	environ := complete()
	delete(environ, "UPSTASH_REDIS_REST_URL")
	delete(environ, "UPSTASH_REDIS_REST_TOKEN")
	environ["KV_REST_API_URL"] = "https://kv.example.test"
	environ["KV_REST_API_TOKEN"] = "kv-token"
	c, err := config.Load(environ)
	require.NoError(t, err)
	assert.Equal(t, "https://kv.example.test", c.Redis.RESTURL.String())
	assert.Equal(t, "kv-token", c.Redis.RESTToken.Reveal())
}

func TestInngestOfOnesOwn(t *testing.T) {
	keys := with(map[string]string{"INNGEST_EVENT_KEY": "e", "INNGEST_SIGNING_KEY": "0a"})
	for _, address := range []string{"http://inngest:8288", "http://127.0.0.1:8288", "http://10.1.2.3:8288", "http://[fd00::1]:8288", "http://host.docker.internal:8288",
		"http://inngest.default.svc:8288", "http://inngest.svc.cluster.local", "https://inngest.example.test"} {
		keys["INNGEST_BASE_URL"] = address + "/"
		c, err := config.Load(keys)
		require.NoError(t, err, address)
		assert.Equal(t, address, c.InngestURL())
		assert.True(t, c.SelfHostedInngest())
	}
	keys["INNGEST_DEV"] = "1"
	c, err := config.Load(keys)
	require.NoError(t, err)
	assert.False(t, c.SelfHostedInngest(), "a dev server, wherever it is")
}

func TestInngestDev(t *testing.T) {
	const usual = "http://127.0.0.1:8288"
	for value, want := range map[string]string{
		"": "", " ": "", "0": "", "false": "", "False": "", "FALSE": "", "1": usual, "true": usual, "True": usual, " TRUE ": usual,
		"http://inngest:9000/": "http://inngest:9000", "https://dev.example.test/inngest": "https://dev.example.test/inngest", "localhost:8288": "http://localhost:8288",
	} {
		c, err := config.Load(with(map[string]string{"INNGEST_DEV": value}))
		require.NoError(t, err, value)
		assert.Equal(t, want, c.InngestURL(), value)
		assert.Equal(t, want != "", c.InngestDev(), value)
	}
}

func TestAuthMode(t *testing.T) {
	secret := strings.Repeat("s", 32)
	keys := map[string]string{"INNGEST_EVENT_KEY": "e", "INNGEST_SIGNING_KEY": "s"}
	tests := []struct {
		name, mode, secret, vercelEnv string
		want                          config.AuthMode
	}{
		{"developer-machine", "", "", "", config.AuthOpen},
		{"vercel-dev", "", "", "development", config.AuthOpen},
		{"secret-set", "", secret, "production", config.AuthRequired},
		{"production-undecided", "", "", "production", config.AuthUndecided},
		{"preview-undecided", "", "", "preview", config.AuthUndecided},
		{"production-open-by-choice", "open", "", "production", config.AuthOpen},
		{"open-by-choice-with-secret", "open", secret, "", config.AuthOpen},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			environ := with(keys)
			environ["AUTH_MODE"], environ["JWT_SECRET"], environ["VERCEL_ENV"] = tt.mode, tt.secret, tt.vercelEnv
			c, err := config.Load(environ)
			require.NoError(t, err)
			assert.Equal(t, tt.want, c.Auth.Mode)
		})
	}
}

func TestOrigins(t *testing.T) {
	keys := map[string]string{"CORS_ALLOWED_ORIGINS": "https://a.test, https://b.test:8443,", "INNGEST_EVENT_KEY": "e", "INNGEST_SIGNING_KEY": "s"}
	c, err := config.Load(with(keys))
	require.NoError(t, err)
	assert.Equal(t, []string{"http://localhost:1420", "https://a.test", "https://b.test:8443"}, c.Origins(), "on a developer's machine")
	keys["VERCEL_ENV"] = "production"
	c, err = config.Load(with(keys))
	require.NoError(t, err)
	assert.Equal(t, []string{"https://a.test", "https://b.test:8443"}, c.Origins())
}

func TestRateLimit(t *testing.T) {
	for value, want := range map[string]bool{"": true, "on": true, "off": false} {
		c, err := config.Load(with(map[string]string{"RATE_LIMIT": value}))
		require.NoError(t, err)
		assert.Equal(t, want, bool(c.RateLimit), value)
	}
}

func TestUsers(t *testing.T) {
	const hash = "$argon2id$v=19$m=4096,t=1,p=1$c2FsdC1vZi1hLXRlc3QhIQ$Yiy0T3CRxG2jePdR87+xGwwMgT6t5zUlcCT7j5ppPws"
	c, err := config.Load(with(map[string]string{"AUTH_USERS": `[{"username":"an","password_hash":"` + hash + `"}]`}))
	require.NoError(t, err)
	assert.Equal(t, 1, c.Auth.Users.Len())
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", c, c, c), "Yiy0T3CR", "a hash was printed")
	c, err = config.Load(complete())
	require.NoError(t, err)
	assert.Zero(t, c.Auth.Users.Len())
}

// The session cookie belongs to the site, never to Atlassian's shared API host.
func TestSiteURLIsNeverTheSharedAPIHost(t *testing.T) {
	c, err := config.Load(with(map[string]string{"JIRA_BASE_URL": "https://api.atlassian.com/ex/jira/11111111"}))
	require.NoError(t, err)
	assert.Equal(t, "https://acme.atlassian.net", c.SiteURL())
	assert.Equal(t, "https://api.atlassian.com/ex/jira/11111111", c.JiraAPIURL())
}

// signInWith adds what every provider needs.
func signInWith(more map[string]string) map[string]string {
	more["PUBLIC_URL"], more["JWT_SECRET"] = "https://timers.example.com", "a-secret-of-at-least-thirty-two-bytes"
	return more
}

func TestPublicURLOfVercel(t *testing.T) {
	environ := complete()
	environ["VERCEL_PROJECT_PRODUCTION_URL"] = "timers.vercel.app"
	environ["JWT_SECRET"] = "a-secret-of-at-least-thirty-two-bytes"
	c, err := config.Load(environ)
	require.NoError(t, err)
	assert.Equal(t, "https://timers.vercel.app/api/auth/callback", c.CallbackURL())
	assert.True(t, c.HasSessions())
	assert.False(t, c.HasAtlassian())
	assert.False(t, c.HasOIDC())
	environ["PUBLIC_URL"] = "https://timers.example.com/"
	c, err = config.Load(environ)
	require.NoError(t, err)
	assert.Equal(t, "https://timers.example.com", c.PublicURL.String())
}
