package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Fault is one variable that is missing or wrong. It never holds the value.
type Fault struct {
	Variable string
	Problem  string
}

// Error lists every fault of a configuration.
type Error struct{ Faults []Fault }

func (e *Error) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.Variable + " " + f.Problem
	}
	return strings.Join(lines, "; ")
}

// Variables names the variables at fault, in the order of Faults.
func (e *Error) Variables() []string {
	names := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		names[i] = f.Variable
	}
	return names
}

// Load reads environ, the whole environment as name and value, and checks it.
// The error is an *Error; the Config that comes with it has a platform and a log level, to
// report it with.
func Load(environ map[string]string) (*Config, error) {
	c := &Config{}
	environ, files := readFiles(environ)
	faults := append(files, withoutExplained(parse(c, environ), files)...)
	c.settle()
	faults = append(faults, withoutExplained(c.check(), faults)...)
	if len(faults) > 0 {
		return c, &Error{faults}
	}
	return c, nil
}

// parse fills c by its tags. The library's messages quote the value, so only the
// texts of this package's types are passed on.
func parse(c *Config, environ map[string]string) []Fault {
	err := env.ParseWithOptions(c, env.Options{Environment: environ})
	if err == nil {
		return nil
	}
	variables := variableOfField(reflect.TypeFor[Config]())
	var faults []Fault
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return []Fault{{"environment", "could not be read"}}
	}
	for _, one := range all.Errors {
		if bad, ok := errors.AsType[env.ParseError](one); ok {
			faults = append(faults, Fault{variables[bad.Type.String()+" "+bad.Name], bad.Err.Error()})
			continue
		}
		faults = append(faults, Fault{"environment", "could not be read"})
	}
	return faults
}

// variableOfField maps "type field" to its variable. Among the fields that can
// fail to parse that pair is unique, which each-url-by-its-own-name holds.
func variableOfField(t reflect.Type) map[string]string {
	names := map[string]string{}
	for field := range t.Fields() {
		if variable := field.Tag.Get("env"); variable != "" {
			names[field.Type.String()+" "+field.Name] = variable
			continue
		}
		if field.Type.Kind() == reflect.Struct {
			maps.Copy(names, variableOfField(field.Type))
		}
	}
	return names
}

// settle fills fields that depend on other variables.
func (c *Config) settle() {
	if c.Redis.RESTURL.URL == nil {
		c.Redis.RESTURL = c.Redis.KVRESTURL
	}
	if c.Redis.RESTToken.IsZero() {
		c.Redis.RESTToken = c.Redis.KVRESTToken
	}
	for _, list := range []*[]string{&c.Auth.AllowedOrigins, &c.Auth.Admins, &c.OIDC.EmailDomains} {
		for i, one := range *list {
			(*list)[i] = strings.TrimSpace(one)
		}
		*list = slices.DeleteFunc(*list, func(one string) bool { return one == "" })
	}
	if host := c.Platform.ProductionHost; c.PublicURL.URL == nil && host != "" {
		_ = c.PublicURL.UnmarshalText([]byte("https://" + host))
	}
	c.Jira.Domain = strings.ToLower(strings.TrimSpace(c.Jira.Domain))
	c.SyncCron = strings.TrimSpace(c.SyncCron)
	switch {
	case c.Auth.Mode != AuthUndecided:
	case !c.Auth.JWTSecret.IsZero():
		c.Auth.Mode = AuthRequired
	case !c.Deployed():
		c.Auth.Mode, c.Auth.OpenByDefault = AuthOpen, true
	}
}

var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)

// check holds the rules that span variables.
func (c *Config) check() []Fault {
	var faults []Fault
	fault := func(bad bool, variable, format string, args ...any) {
		if bad {
			faults = append(faults, Fault{variable, fmt.Sprintf(format, args...)})
		}
	}
	rest, restToken := c.Redis.RESTURL.URL != nil, !c.Redis.RESTToken.IsZero()
	fault(!rest && !restToken && c.Redis.URL.IsZero(), "UPSTASH_REDIS_REST_URL", "is missing (or set REDIS_URL)")
	fault(rest && !restToken, "UPSTASH_REDIS_REST_TOKEN", "is missing beside UPSTASH_REDIS_REST_URL")
	fault(!rest && restToken, "UPSTASH_REDIS_REST_URL", "is missing beside UPSTASH_REDIS_REST_TOKEN")
	tcp := c.Redis.URL.Reveal()
	fault(tcp != "" && !strings.HasPrefix(tcp, "redis://") && !strings.HasPrefix(tcp, "rediss://"),
		"REDIS_URL", "must begin with redis:// or rediss://")

	fault(c.Jira.Domain == "", "JIRA_DOMAIN", "is missing: the site's host, such as acme.atlassian.net")
	fault(c.Jira.Domain != "" && !hostName.MatchString(c.Jira.Domain), "JIRA_DOMAIN", "must be a host name without https:// or a path")
	fault(c.Jira.Email == "", "ATLASSIAN_EMAIL", "is missing")
	fault(c.Jira.APIToken.IsZero(), "ATLASSIAN_API_TOKEN", "is missing")
	fault(c.Session().IsZero(), "JIRA_TENANT_SESSION_TOKEN", "is missing (or set JIRA_FULL_COOKIE)")

	fault(c.Auth.Mode == AuthRequired && c.Auth.JWTSecret.IsZero(), "JWT_SECRET", "is missing, and AUTH_MODE=required needs it")
	for _, one := range c.Auth.AllowedOrigins {
		fault(!origin(one), "CORS_ALLOWED_ORIGINS", "must be whole origins such as https://timers.example.com: no path, no slash at the end, no *")
	}
	for _, one := range c.Auth.JWTSecrets() {
		fault(len(one) < 32, "JWT_SECRET", "must have at least 32 bytes")
	}
	fault(c.InngestDev() && c.Deployed(), "INNGEST_DEV", "must not be set on a deployment: it accepts unsigned requests")
	fault(c.SyncCron != "" && !isSchedule(c.SyncCron), "SYNC_CRON", "is not a schedule: it has five fields, such as */5 * * * *")
	faults = append(faults, c.Telemetry.faults()...)
	faults = append(faults, c.signInFaults()...)
	needKeys := c.Deployed() && !c.InngestDev() || c.SelfHostedInngest()
	fault(needKeys && c.Inngest.EventKey.IsZero(), "INNGEST_EVENT_KEY", "is missing")
	fault(needKeys && c.Inngest.SigningKey.IsZero(), "INNGEST_SIGNING_KEY", "is missing")
	return faults
}

// signInFaults are the faults of the variables for signing in.
func (c *Config) signInFaults() []Fault {
	var faults []Fault
	fault := func(bad bool, variable, problem string) {
		if bad {
			faults = append(faults, Fault{variable, problem})
		}
	}
	fault(c.PublicURL.URL != nil && c.PublicURL.Path != "", "PUBLIC_URL", "must be an origin such as https://timers.example.com, without a path")
	for _, admin := range c.Auth.Admins {
		fault(strings.Contains(admin, "@"), "AUTH_ADMINS", "must be Atlassian account ids: e-mail addresses change hands")
	}
	id, password := c.Atlassian.ClientID != "", !c.Atlassian.ClientSecret.IsZero()
	fault(id && !password, "ATLASSIAN_OAUTH_CLIENT_SECRET", "is missing beside ATLASSIAN_OAUTH_CLIENT_ID")
	fault(!id && password, "ATLASSIAN_OAUTH_CLIENT_ID", "is missing beside ATLASSIAN_OAUTH_CLIENT_SECRET")
	oidc := c.OIDC.Issuer.URL != nil || c.OIDC.ClientID != "" || !c.OIDC.ClientSecret.IsZero()
	fault(oidc && c.OIDC.Issuer.URL == nil, "OIDC_ISSUER", "is missing beside OIDC_CLIENT_ID and OIDC_CLIENT_SECRET")
	fault(oidc && c.OIDC.ClientID == "", "OIDC_CLIENT_ID", "is missing beside OIDC_ISSUER")
	fault(oidc && c.OIDC.ClientSecret.IsZero(), "OIDC_CLIENT_SECRET", "is missing beside OIDC_ISSUER")
	fault(c.OIDC.Issuer.String() == "https://accounts.google.com" && len(c.OIDC.EmailDomains) == 0, "OIDC_EMAIL_DOMAINS",
		"is missing: everybody has a Google account, so name your own domains")
	fault((id || oidc) && c.PublicURL.URL == nil, "PUBLIC_URL", "is missing, and signing in with a provider needs it")
	fault((id || oidc) && c.Auth.JWTSecret.IsZero(), "JWT_SECRET", "is missing, and signing in with a provider needs it")
	return faults
}

// JWTSecrets are the secrets that a token may be signed with, the current one
// first. There are two while they are rotated.
func (a *Auth) JWTSecrets() []string {
	var secrets []string
	for part := range strings.SplitSeq(a.JWTSecret.Reveal(), ",") {
		if part = strings.TrimSpace(part); part != "" {
			secrets = append(secrets, part)
		}
	}
	return secrets
}

// Environ turns os.Environ's NAME=value lines into Load's argument.
func Environ(lines []string) map[string]string {
	environ := make(map[string]string, len(lines))
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, "="); ok {
			environ[name] = value
		}
	}
	return environ
}
