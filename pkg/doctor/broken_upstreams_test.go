package doctor_test

import (
	"time"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const noCheckOfOwner = "ok   clockwork      the token works, under 1 ms; CLOCKWORK_ACCOUNT_ID not checked, because Jira does not say"

var brokenUpstreams = []broken{
	{name: "jira-token", env: map[string]string{"ATLASSIAN_API_TOKEN": "0123456789abcdef-secret"}, want: []string{
		"fail jira           401: Jira refuses ATLASSIAN_EMAIL with ATLASSIAN_API_TOKEN: make a new token at id.atlassian.com > Security > API tokens and set both; a scoped one needs JIRA_BASE_URL", noCheckOfOwner}},
	{name: "jira-without-permissions", given: status("jira", 403), want: []string{
		"fail jira           403: Jira knows ATLASSIAN_EMAIL, but does not let this user in: give them access to Jira and the permission \"Browse projects\"",
		"warn clockwork      the token works, under 1 ms; but Jira does not let ATLASSIAN_EMAIL look up people: give this user the global permission \"Browse users and groups\""}},
	{name: "jira-elsewhere-with-a-page", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 404, ContentType: "text/html", Body: "<html>"})
	}, want: []string{
		"fail jira           404: no Jira answers there: check JIRA_DOMAIN, and JIRA_BASE_URL if it is set", noCheckOfOwner}},
	{name: "jira-elsewhere", given: status("jira", 404), want: []string{
		"fail jira           404: no Jira answers there: check JIRA_DOMAIN, and JIRA_BASE_URL if it is set",
		"fail clockwork      the token works, but Jira knows no user with CLOCKWORK_ACCOUNT_ID: set the account id of the token's owner (the last part of the address of their Jira profile)"}},
	{name: "jira-busy", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 429, RetryAfter: "17"})
	}, want: []string{"warn jira           429: Jira gets too many requests just now: ask again in a minute", noCheckOfOwner}},
	{name: "jira-down", given: func(w *apptest.World, _ *wire) { w.Refuse("jira") }, want: []string{
		"fail jira           nothing listens at its address: check JIRA_DOMAIN, or status.atlassian.com", noCheckOfOwner,
		"skip session        not checked: see timers",
		"fail timers         connect: nothing listens at its address: check JIRA_DOMAIN and CLOCKWORK_REPORT_BASE_URL, or status.atlassian.com"}},
	{name: "jira-with-a-web-page", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Operation: "jira.myself", Kind: fault.HTML})
	}, want: []string{
		"fail jira           answers what it should not (is the address right?): check JIRA_DOMAIN, or status.atlassian.com"}},
	{name: "clockwork-token", env: map[string]string{"CLOCKWORK_API_TOKEN": "0123456789abcdef-secret"}, want: []string{
		"fail clockwork      401: Clockwork refuses CLOCKWORK_API_TOKEN: make a new one in Jira under Apps > Clockwork > API tokens"}},
	{name: "clockwork-token-of-another", given: status("clockwork", 403), want: []string{
		"fail clockwork      403: the token's owner may not read the worklogs of CLOCKWORK_ACCOUNT_ID: set the owner's own account id, or a token of that account"}},
	{name: "clockwork-elsewhere", given: status("clockwork", 404), want: []string{
		"fail clockwork      404: no Clockwork API answers there: unset or correct CLOCKWORK_API_BASE_URL"}},
	{name: "clockwork-down", given: func(w *apptest.World, _ *wire) { w.Refuse("clockwork") }, want: []string{
		"fail clockwork      nothing listens at its address: check CLOCKWORK_API_BASE_URL, or Clockwork's status page"}},
	{name: "clockwork-no-token", env: map[string]string{"CLOCKWORK_API_TOKEN": ""}, want: []string{
		"skip clockwork      CLOCKWORK_API_TOKEN is not set: worklogs need a token with each request"}},
	{name: "clockwork-nobodys-token", env: map[string]string{"CLOCKWORK_ACCOUNT_ID": ""}, want: []string{
		"warn clockwork      the token works, under 1 ms; without CLOCKWORK_ACCOUNT_ID nobody can start a timer with it, so set the account id of its owner"}},
	{name: "clockwork-unknown-account", env: map[string]string{"CLOCKWORK_ACCOUNT_ID": "712020:nobody"}, want: []string{
		"fail clockwork      the token works, but Jira knows no user with CLOCKWORK_ACCOUNT_ID: set the account id of the token's owner (the last part of the address of their Jira profile)"}},
	{name: "session-refused", given: func(w *apptest.World, _ *wire) {
		w.Sandbox.Switch(func(s *sandbox.Switches) { s.SessionExpired = true })
	}, want: []string{
		"fail session        Jira refuses it: log in to Jira and set JIRA_TENANT_SESSION_TOKEN to the cookie tenant.session.token", needsSession}},
	{name: "session-over", given: func(w *apptest.World, _ *wire) { w.Clock.Advance(31 * 24 * time.Hour) }, want: []string{
		"fail session        ended on 2026-06-03: log in to Jira and set JIRA_TENANT_SESSION_TOKEN to the cookie tenant.session.token", needsSession,
		"warn sync           never done, or over a day ago: set SYNC_CRON, such as */5 * * * *, or run `server sync`, and see that Inngest knows the address of /api/inngest"}},
	{name: "session-ending", given: func(w *apptest.World, _ *wire) { w.Clock.Advance(27 * 24 * time.Hour) }, want: []string{
		"warn session        ends on 2026-06-03, in 3 days: log in to Jira and set JIRA_TENANT_SESSION_TOKEN to the cookie tenant.session.token",
		"warn sync           never done, or over a day ago: set SYNC_CRON, such as */5 * * * *, or run `server sync`, and see that Inngest knows the address of /api/inngest"}},
	{name: "session-that-is-none", env: map[string]string{"JIRA_TENANT_SESSION_TOKEN": "0123456789abcdef-secret"}, want: []string{
		"fail session        Jira refuses it: log in to Jira and set JIRA_TENANT_SESSION_TOKEN to the cookie tenant.session.token", needsSession}},
	{name: "timers-by-forge", env: map[string]string{"TIMER_SOURCE": "auto"}, want: []string{"ok   timers         forge: 7 running timers on 1 page, under 1 ms"}},
	{name: "timers-by-connect-after-all", env: map[string]string{"TIMER_SOURCE": "auto"}, given: func(w *apptest.World, _ *wire) {
		w.Sandbox.Switch(func(s *sandbox.Switches) { s.ForgeGone = true })
	}},
	{name: "timers-moved-to-forge", given: func(w *apptest.World, _ *wire) {
		w.Sandbox.Switch(func(s *sandbox.Switches) { s.ConnectGone = true })
	}, want: []string{
		"fail timers         Clockwork Pro is not found on this site: see that it is installed, and set TIMER_SOURCE=auto"}},
	{name: "timers-not-discovered", env: map[string]string{"TIMER_SOURCE": "forge"}, given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Operation: "forge.apps", Kind: fault.Status, Status: 400})
	}, want: []string{
		"fail timers         forge: Clockwork could not be identified: set FORGE_INSTALLATION_ID and FORGE_APP_VERSION (.env.example says where to find them)"}},
	{name: "timers-refused", given: status("report", 403), want: []string{
		"fail timers         connect: Clockwork refuses this session's user: take the session of a user who may open Clockwork in Jira"}},
	{name: "timers-of-another-shape", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "report", Kind: fault.WrongTypes})
	}, want: []string{
		"fail timers         connect: Clockwork answers in a way that is not known: its app has changed, and this backend needs an update"}},
	{name: "inngest-signing-key", env: map[string]string{"INNGEST_SIGNING_KEY": "signkey-test-ffee"}, want: []string{
		"fail inngest        401: Inngest refuses INNGEST_SIGNING_KEY: copy it again from app.inngest.com > Manage > Signing key, of the right environment"}},
	{name: "inngest-event-key", env: map[string]string{"INNGEST_EVENT_KEY": "0123456789abcdef-secret"}, want: []string{
		"fail inngest        401: Inngest does not know INNGEST_EVENT_KEY: make one at app.inngest.com > Manage > Event keys, in the right environment"}},
	{name: "inngest-that-does-not-tell", given: func(_ *apptest.World, through *wire) { through.inngest = inngest(404, 400) }, want: []string{
		"warn inngest        both keys look well-formed but could not be verified (Inngest answered 404 and 400)"}},
	{name: "inngest-that-tells-half", given: func(_ *apptest.World, through *wire) { through.inngest = inngest(200, 400) }, want: []string{
		"warn inngest        the signing key is accepted; the event key looks well-formed but could not be verified (Inngest answered 400)"}},
	{name: "inngest-that-knows-the-function", given: func(w *apptest.World, through *wire) {
		through.inngest = knowing(through.inngest, `[{"id":"clockwork-timers-sync-active-timers"}]`, `{"data":[{"internal_id":"e1"}]}`,
			`{"data":[{"run_started_at":"`+w.Clock.Now().Add(-90*time.Second).Format(time.RFC3339)+`","status":"Failed"}]}`)
	}, want: []string{
		"ok   inngest        both keys are accepted, and the function is registered; an event last ran it 1m30s ago: failed"}},
	{name: "inngest-that-has-not-run-the-function", given: func(_ *apptest.World, through *wire) {
		through.inngest = knowing(through.inngest, `[{"id":"clockwork-timers-sync-active-timers"}]`, `{"data":[]}`, "")
	}, want: []string{
		"ok   inngest        both keys are accepted, and the function is registered; no event has run it yet"}},
	{name: "inngest-that-does-not-know-the-function", given: func(_ *apptest.World, through *wire) {
		through.inngest = knowing(through.inngest, `[]`, "", "")
	}, want: []string{
		"fail inngest        both keys are accepted, but the function is not registered, so that nothing runs: sync the app in Inngest with the address of /api/inngest"}},
	{name: "inngest-of-ones-own-down", env: map[string]string{"INNGEST_BASE_URL": "http://127.0.0.1:1"}, want: []string{
		"fail inngest        Inngest: nothing listens at its address: check INNGEST_BASE_URL if it is set, or status.inngest.com"}},
	{name: "inngest-dev-server-down", env: map[string]string{"INNGEST_DEV": "http://127.0.0.1:1"}, want: []string{
		"fail inngest        the dev server: nothing listens at its address: start it with npx inngest-cli@latest dev, or unset INNGEST_DEV"}},
	{name: "inngest-keys-swapped", env: map[string]string{"INNGEST_EVENT_KEY": signingKey, "INNGEST_SIGNING_KEY": eventKey}, want: []string{
		"fail inngest        INNGEST_EVENT_KEY holds a signing key: set the event key there (app.inngest.com > Manage > Event keys)"}},
	{name: "inngest-signing-key-of-no-form", env: map[string]string{"INNGEST_SIGNING_KEY": "0123456789abcdef-secret"}, want: []string{
		"fail inngest        INNGEST_SIGNING_KEY has not the form signkey-prod-0123abcd…: copy it again from app.inngest.com > Manage > Signing key"}},
	{name: "inngest-without-keys", env: map[string]string{"INNGEST_EVENT_KEY": "", "INNGEST_SIGNING_KEY": ""}, want: []string{
		"skip inngest        no keys are set: cmd/server syncs by itself every 1m0s; functions on Vercel need Inngest"}},
	{name: "inngest-without-event-key", env: map[string]string{"INNGEST_EVENT_KEY": ""}, want: []string{
		"fail inngest        INNGEST_EVENT_KEY is missing beside INNGEST_SIGNING_KEY: make one at app.inngest.com > Manage > Event keys"}},
	{name: "inngest-without-signing-key", env: map[string]string{"INNGEST_SIGNING_KEY": ""}, want: []string{
		"fail inngest        INNGEST_SIGNING_KEY is missing beside INNGEST_EVENT_KEY: copy it from app.inngest.com > Manage > Signing key"}},
	{name: "clock-slow", given: func(_ *apptest.World, through *wire) { through.ahead = 90 * time.Second }, want: []string{
		"warn clock          1m30s slow: logins and signed requests will be refused, so set it by NTP"}},
	{name: "clock-fast", given: func(_ *apptest.World, through *wire) { through.ahead = -31 * time.Minute }, want: []string{
		"warn clock          31m0s fast: logins and signed requests will be refused, so set it by NTP"}},
	{name: "clock-nearly-right", given: func(_ *apptest.World, through *wire) { through.ahead = 20 * time.Second }},
}
