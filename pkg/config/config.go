// Package config turns environment variables into one checked Config. It is
// the only place that reads them: every fault is reported by the variable's
// name, all of them at once, and never with the value.
package config

import (
	"net/url"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/settings"
)

// Config is everything that an operator can set. The env tags name the
// variables; .env.example says where to get each, and a test compares the two.
type Config struct {
	Redis     Redis
	Clockwork Clockwork
	Jira      Jira
	Source    Source
	Inngest   Inngest
	Auth      Auth
	Atlassian Atlassian
	OIDC      OIDC
	Telemetry Telemetry

	// PublicURL is where people open this server. It is the only source of
	// redirect addresses; without it there are neither cookie sessions nor
	// providers.
	PublicURL URL `env:"PUBLIC_URL"`

	// TokenEncryptionKey is base64 of 32 bytes, or two such keys, "new,old", while
	// one is rotated. Without it no token is stored, and each sync acquires one.
	TokenEncryptionKey Key `env:"TOKEN_ENCRYPTION_KEY"`
	// DefaultTimezone decides what "today" is if neither the request nor
	// Jira names the user's zone.
	DefaultTimezone Location `env:"DEFAULT_TIMEZONE" envDefault:"UTC"`
	// GoalPerDay is how long people want to work, unless they say so themselves.
	GoalPerDay settings.Goals `env:"GOAL_PER_DAY"`
	// SyncCron adds a schedule to sync-active-timers, such as "*/2 * * * *".
	SyncCron string `env:"SYNC_CRON"`
	// SyncInterval is how often cmd/server syncs by itself, and 0 if it does not.
	// Unset, it is a minute if there is no Inngest to run the sync.
	SyncInterval Interval `env:"SYNC_INTERVAL"`
	// TeamView says who may see what others work on.
	TeamView TeamView `env:"TEAM_VIEW" envDefault:"admins"`
	// TeamHide is what of it only admins see.
	TeamHide TeamHide `env:"TEAM_HIDE"`
	// DatabaseURL is the realtime store: sqlite://PATH, or redis for the Redis above.
	DatabaseURL string `env:"DATABASE_URL" envDefault:"sqlite://clockwork.db"`
	Port        Port   `env:"PORT" envDefault:"3000"`
	LogLevel    Level  `env:"LOG_LEVEL" envDefault:"info"`
	// RateLimit bounds how often a caller and an address may ask. Off is for
	// measuring, or if a proxy in front of the server has limits.
	RateLimit Switch `env:"RATE_LIMIT" envDefault:"on"`
	// TrustedProxies may set X-Forwarded-For. Empty: nobody may.
	TrustedProxies Proxies `env:"TRUSTED_PROXIES"`

	Platform Platform
}

// Redis is where the cache lives: Upstash over REST, or any Redis over TCP.
// REST wins if both are set, because functions share no connection.
type Redis struct {
	RESTURL     URL         `env:"UPSTASH_REDIS_REST_URL"`
	RESTToken   secret.Text `env:"UPSTASH_REDIS_REST_TOKEN"`
	KVRESTURL   URL         `env:"KV_REST_API_URL"`   // the name that Vercel's storage integration sets
	KVRESTToken secret.Text `env:"KV_REST_API_TOKEN"` // likewise
	URL         secret.Text `env:"REDIS_URL"`         // redis:// or rediss://, with its password
	KeyPrefix   KeyPrefix   `env:"KEY_PREFIX"`        // before every key and channel; "" is none
}

// Clockwork is the public REST API and the report API of Clockwork Pro.
type Clockwork struct {
	APIBaseURL    URL         `env:"CLOCKWORK_API_BASE_URL" envDefault:"https://api.clockwork.report/v1"`
	APIToken      secret.Text `env:"CLOCKWORK_API_TOKEN"`
	AccountID     string      `env:"CLOCKWORK_ACCOUNT_ID"` // whose token that is
	ReportBaseURL URL         `env:"CLOCKWORK_REPORT_BASE_URL" envDefault:"https://app.clockwork.report"`
}

// Jira is one Jira Cloud site and the two ways into it: an API token for its
// REST API, a browser session for Clockwork's own endpoints.
type Jira struct {
	Domain             string      `env:"JIRA_DOMAIN"` // acme.atlassian.net
	RESTBaseURL        URL         `env:"JIRA_BASE_URL"`
	Email              string      `env:"ATLASSIAN_EMAIL"`
	APIToken           secret.Text `env:"ATLASSIAN_API_TOKEN"`
	FullCookie         secret.Text `env:"JIRA_FULL_COOKIE"`
	TenantSessionToken secret.Text `env:"JIRA_TENANT_SESSION_TOKEN"`
}

// Source says how running timers are read, and what cannot be discovered.
type Source struct {
	Kind           SourceKind `env:"TIMER_SOURCE" envDefault:"auto"`
	CloudID        string     `env:"JIRA_CLOUD_ID"`
	WorkspaceID    string     `env:"JIRA_WORKSPACE_ID"`
	ExtensionID    string     `env:"FORGE_EXTENSION_ID"`
	InstallationID string     `env:"FORGE_INSTALLATION_ID"`
	EnvironmentID  string     `env:"FORGE_ENVIRONMENT_ID"`
	AppVersion     string     `env:"FORGE_APP_VERSION"`
}

// Inngest are the keys of the background function, named as inngestgo names them.
type Inngest struct {
	EventKey   secret.Text `env:"INNGEST_EVENT_KEY"`
	SigningKey secret.Text `env:"INNGEST_SIGNING_KEY"`
	// Dev is the dev server; unsigned requests are accepted only if it is set.
	Dev     DevServer `env:"INNGEST_DEV"`
	BaseURL ServerURL `env:"INNGEST_BASE_URL"` // a self-hosted Inngest; both keys are needed then
}

// Auth decides who may call.
type Auth struct {
	Mode          AuthMode    `env:"AUTH_MODE"`
	OpenByDefault bool        // nobody has chosen: neither AUTH_MODE nor JWT_SECRET is set
	JWTSecret     secret.Text `env:"JWT_SECRET"` // "new,old" while one is being rotated
	Users         users.List  `env:"AUTH_USERS"`
	// Admins are the account ids that may read everybody, whoever signs them in.
	// E-mail addresses are refused, because they change hands.
	Admins         []string `env:"AUTH_ADMINS" envSeparator:","`
	AllowedOrigins []string `env:"CORS_ALLOWED_ORIGINS" envSeparator:","`
}

// Atlassian is an OAuth 2.0 (3LO) app of Atlassian's developer console, with
// which people sign in.
type Atlassian struct {
	ClientID     string      `env:"ATLASSIAN_OAUTH_CLIENT_ID"`
	ClientSecret secret.Text `env:"ATLASSIAN_OAUTH_CLIENT_SECRET"`
	AuthURL      URL         `env:"ATLASSIAN_AUTH_URL" envDefault:"https://auth.atlassian.com"`
	APIURL       URL         `env:"ATLASSIAN_API_URL" envDefault:"https://api.atlassian.com"`
}

// OIDC is an OpenID Connect provider with which people sign in.
type OIDC struct {
	Issuer       URL         `env:"OIDC_ISSUER"`
	ClientID     string      `env:"OIDC_CLIENT_ID"`
	ClientSecret secret.Text `env:"OIDC_CLIENT_SECRET"`
	Name         string      `env:"OIDC_NAME"` // on the login page
	EmailDomains []string    `env:"OIDC_EMAIL_DOMAINS" envSeparator:","`
}

// HasSessions reports whether browsers can stay signed in.
func (c *Config) HasSessions() bool {
	return c.PublicURL.URL != nil && !c.Auth.JWTSecret.IsZero()
}

// HasAtlassian reports whether people can sign in with Atlassian.
func (c *Config) HasAtlassian() bool { return c.HasSessions() && c.Atlassian.ClientID != "" }

// HasOIDC reports whether people can sign in with an OpenID Connect provider.
func (c *Config) HasOIDC() bool { return c.HasSessions() && c.OIDC.Issuer.URL != nil }

// CallbackURL is where providers send people back; it has to be registered there.
func (c *Config) CallbackURL() string { return c.PublicURL.String() + "/api/auth/callback" }

// IsAdmin reports whether the account is one of AUTH_ADMINS.
func (a *Auth) IsAdmin(accountID string) bool {
	return accountID != "" && slices.Contains(a.Admins, accountID)
}

// Platform is what Vercel sets by itself; nobody writes these by hand.
type Platform struct {
	VercelEnv string `env:"VERCEL_ENV"` // production, preview, development
	Commit    string `env:"VERCEL_GIT_COMMIT_SHA"`
	// ProductionHost is the production address of the project, without https://.
	ProductionHost string `env:"VERCEL_PROJECT_PRODUCTION_URL"`
}

// Deployed reports whether this is a Vercel deployment that anyone can reach:
// production, and previews, whose addresses leak easily.
func (c *Config) Deployed() bool {
	return c.Platform.VercelEnv == "production" || c.Platform.VercelEnv == "preview"
}

// InngestDev reports whether the Inngest dev server is used, whose requests
// carry no signature.
func (c *Config) InngestDev() bool { return c.Inngest.Dev != "" }

// HasInngest reports whether Inngest can run the sync.
func (c *Config) HasInngest() bool {
	return c.InngestDev() || !c.Inngest.EventKey.IsZero() && !c.Inngest.SigningKey.IsZero()
}

// ServerDefaults sets the defaults of cmd/server: it syncs by itself if there is no
// Inngest. A function lives for one request, so it cannot.
func (c *Config) ServerDefaults() {
	if !c.SyncInterval.set && !c.HasInngest() {
		c.SyncInterval.Duration = defaultSyncInterval
	}
}

// SelfHostedInngest reports whether functions run on a self-hosted Inngest.
func (c *Config) SelfHostedInngest() bool {
	return c.Inngest.BaseURL.URL.URL != nil && !c.InngestDev()
}

// InngestURL is where events go and functions are registered; "" is Inngest's
// cloud.
func (c *Config) InngestURL() string {
	switch {
	case c.Inngest.BaseURL.URL.URL != nil:
		return c.Inngest.BaseURL.String()
	}
	return string(c.Inngest.Dev)
}

// SiteURL is the Jira site that the session cookie belongs to. The cookie goes
// to no other host; Atlassian's shared API host, which scoped API tokens need
// as JIRA_BASE_URL, is not the site.
func (c *Config) SiteURL() string {
	if base := c.Jira.RESTBaseURL.String(); base != "" && c.Jira.RESTBaseURL.Hostname() != "api.atlassian.com" {
		return base
	}
	return "https://" + c.Jira.Domain
}

// JiraAPIURL is the base of Jira's REST API, without /rest/api/3.
func (c *Config) JiraAPIURL() string {
	if base := c.Jira.RESTBaseURL.String(); base != "" {
		return base
	}
	return "https://" + c.Jira.Domain
}

// BrowseURL is the site as a person opens it.
func (c *Config) BrowseURL() string { return "https://" + c.Jira.Domain }

// Session is the Jira session: the whole cookie if that was given, else the
// tenant.session.token alone, which is enough.
func (c *Config) Session() secret.Text {
	if !c.Jira.FullCookie.IsZero() {
		return c.Jira.FullCookie
	}
	return c.Jira.TenantSessionToken
}

// devOrigin is the page of the Tauri client during its development.
const devOrigin = "http://localhost:1420"

// Origins are those whose pages may read the API's answers, besides the installed
// desktop clients.
func (c *Config) Origins() []string {
	if c.Deployed() {
		return c.Auth.AllowedOrigins
	}
	return append([]string{devOrigin}, c.Auth.AllowedOrigins...)
}

// Deadlines that every caller shares.
const (
	RequestTimeout   = 25 * time.Second
	UpstreamTimeout  = 10 * time.Second
	WorklogsTimeout  = 20 * time.Second
	RedisTimeout     = 2 * time.Second
	SendEventTimeout = 3 * time.Second
)

// URL is an absolute http(s) address without a trailing slash.
type URL struct{ *url.URL }

func (u URL) String() string {
	if u.URL == nil {
		return ""
	}
	return u.URL.String()
}

// ServerURL is the URL of a self-hosted server: in a private network it may be
// http.
type ServerURL struct{ URL }

// Location is an IANA time zone.
type Location struct{ *time.Location }
