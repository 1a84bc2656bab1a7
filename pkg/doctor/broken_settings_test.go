package doctor_test

import (
	"strings"

	"github.com/clockwork-timer/backend/pkg/apptest"
)

var collector = map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otlp.example.test", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%200123456789abcdef-secret"}

var weakHash = "$argon2id$v=19$m=4096,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

var brokenSettings = []broken{
	{name: "variables-missing", env: map[string]string{"JIRA_DOMAIN": "", "ATLASSIAN_API_TOKEN": ""}, want: []string{
		"fail configuration  JIRA_DOMAIN is missing: the site's host, such as acme.atlassian.net (.env.example says where to get it)",
		"fail configuration  ATLASSIAN_API_TOKEN is missing (.env.example says where to get it)",
		"skip jira           " + see, "ok   clockwork      the token works, under 1 ms; CLOCKWORK_ACCOUNT_ID not checked, because Jira is not configured",
		"skip session        " + see, "skip timers         " + see}},
	{name: "variable-in-quotes", env: map[string]string{"DEFAULT_TIMEZONE": "UTC", "JIRA_CLOUD_ID": `"c-1"`}, want: []string{
		"warn configuration  JIRA_CLOUD_ID begins and ends with a quote: Docker's --env-file keeps quotes, so remove them"}},
	{name: "encryption-key-that-is-none", env: map[string]string{"TOKEN_ENCRYPTION_KEY": "0123456789abcdef-secret"}, want: []string{
		"fail configuration  TOKEN_ENCRYPTION_KEY must be base64 of 32 bytes (openssl rand -base64 32), or two such keys, new,old (.env.example says where to get it)",
		"skip encryption     " + see}},
	{name: "encryption-key-made-by-hand", env: map[string]string{"TOKEN_ENCRYPTION_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, want: []string{
		"warn encryption     TOKEN_ENCRYPTION_KEY looks easy to guess: openssl rand -base64 32"}},
	{name: "encryption-key-missing", env: map[string]string{"TOKEN_ENCRYPTION_KEY": ""}, want: []string{
		"skip encryption     TOKEN_ENCRYPTION_KEY is not set: each sync asks Jira for a token of its own"}},
	{name: "jwt-secret-guessable", env: map[string]string{"JWT_SECRET": "this-is-my-very-long-jwt-secret-for-the-team"}, want: []string{
		"warn auth           JWT_SECRET looks easy to guess: openssl rand -base64 48"}},
	{name: "jwt-secret-repeats-itself", env: map[string]string{"JWT_SECRET": strings.Repeat("9vJx2mQe7Lr4Tz8K", 2)}, want: []string{
		"warn auth           JWT_SECRET looks easy to guess: openssl rand -base64 48"}},
	{name: "auth-open", env: map[string]string{"AUTH_MODE": "open"}, want: []string{
		"ok   auth           open: anyone may read, and a write needs its own Clockwork token; 1 user can log in"}},
	{name: "auth-open-on-a-deployment", env: map[string]string{"AUTH_MODE": "open", "VERCEL_ENV": "production"}, want: []string{
		"warn auth           open: anyone who knows the address reads everybody's timers; set AUTH_MODE=required, JWT_SECRET and AUTH_USERS"}},
	{name: "auth-open-by-nobodys-choice", env: map[string]string{"AUTH_MODE": "", "JWT_SECRET": ""}, want: []string{
		"warn auth           open, because AUTH_MODE is not set: anyone who reaches the server reads everybody's timers; set AUTH_MODE=required, JWT_SECRET and AUTH_USERS, or AUTH_MODE=open if you mean that"}},
	{name: "auth-undecided", env: map[string]string{"AUTH_MODE": "", "JWT_SECRET": "", "VERCEL_ENV": "production"}, want: []string{
		"fail auth           not decided, so only health is served: set JWT_SECRET and AUTH_USERS, or AUTH_MODE=open"}},
	{name: "auth-for-nobody", env: map[string]string{"AUTH_USERS": ""}, want: []string{
		"warn auth           required, but nobody can log in: set AUTH_USERS (`server hash-password` makes a hash), or a provider of sign-in"}},
	{name: "users-that-cannot-log-in", env: map[string]string{"AUTH_MODE": "open", "JWT_SECRET": ""}, want: []string{
		"warn auth           AUTH_USERS cannot log in without JWT_SECRET: openssl rand -base64 48"}},
	{name: "users-with-faults", env: map[string]string{"AUTH_USERS": `[{"username":"an","password_hash":"` + weakHash + `"},{"username":"bo","password_hash":"` +
		strings.Replace(weakHash, "m=4096,t=1", "m=131072,t=3", 1) + `","role":"admin"}]`}, want: []string{
		"warn auth           AUTH_USERS an: a hash that is cheap to guess at: make it again with `server hash-password`",
		"warn auth           AUTH_USERS bo: a hash that takes over 64 MiB for each login: make it again with `server hash-password`",
		"warn auth           AUTH_USERS an: neither account_id nor email: they log in and see nothing, so add one"}},
	{name: "database-in-memory", env: map[string]string{"DATABASE_URL": "sqlite://:memory:"}, want: []string{
		"warn database       in memory: timers that clients started are lost at each restart, so set DATABASE_URL=sqlite://clockwork.db"}},
	{name: "database-of-another-kind", env: map[string]string{"DATABASE_URL": "postgres://u:0123456789abcdef-secret@h/db"}, want: []string{
		"fail database       DATABASE_URL must be sqlite://PATH, optionally with ?synchronous=full, or redis"}},
	{name: "database-option-unknown", env: map[string]string{"DATABASE_URL": "sqlite://x.db?synchronous=off"}, want: []string{
		"fail database       DATABASE_URL must be sqlite://PATH, optionally with ?synchronous=full, or redis"}},
	{name: "database-without-a-folder", env: map[string]string{"DATABASE_URL": "sqlite:///no-such-folder/x.db"}, want: []string{
		"fail database       the folder of /no-such-folder/x.db cannot be written: make it, or give it to the server's user"}},
	{name: "database-file-on-vercel", env: map[string]string{"DATABASE_URL": "sqlite://x.db", "VERCEL_ENV": "development"}, want: []string{
		"warn database       a function's disk cannot be written: set DATABASE_URL=redis if you want realtime"}},
	{name: "limits-off", env: map[string]string{"RATE_LIMIT": "off"}, want: []string{
		"warn limits         RATE_LIMIT=off: nothing limits how often anyone asks, unless a proxy in front of the server does"}},
	{name: "collector", env: collector, given: func(_ *apptest.World, through *wire) { through.collector = 200 }, want: []string{
		"ok   telemetry      the collector accepts traces, under 1 ms"}},
	{name: "collector-refuses", env: collector, given: func(_ *apptest.World, through *wire) { through.collector = 401 }, want: []string{
		"fail telemetry      401: the collector refuses OTEL_EXPORTER_OTLP_HEADERS: set the credentials that it asks for"}},
	{name: "collector-of-another-kind", env: collector, given: func(_ *apptest.World, through *wire) { through.collector = 415 }, want: []string{
		"ok   telemetry      the collector answers; whether it accepts traces was not checked"}},
	{name: "collector-elsewhere", env: collector, given: func(_ *apptest.World, through *wire) { through.collector = 404 }, want: []string{
		"fail telemetry      the collector: answers 404: check OTEL_EXPORTER_OTLP_ENDPOINT, without /v1/traces, and that it speaks OTLP over HTTP"}},
	{name: "collector-down", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, want: []string{
		"fail telemetry      the collector: nothing listens at its address: check OTEL_EXPORTER_OTLP_ENDPOINT, without /v1/traces, and that it speaks OTLP over HTTP"}},
	{name: "origins-none", env: map[string]string{"CORS_ALLOWED_ORIGINS": ""}, want: []string{"ok   cors           the desktop clients only"}},
	{name: "origin-without-tls", env: map[string]string{"CORS_ALLOWED_ORIGINS": "http://time.example.test", "VERCEL_ENV": "production"}, want: []string{
		"warn cors           http://time.example.test is not encrypted: anyone on the network path can put a page there, so use https"}},
}
