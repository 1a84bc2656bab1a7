package doctor_test

import (
	"time"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

var brokenRedis = []broken{
	{name: "redis-wrong-token", env: map[string]string{"UPSTASH_REDIS_REST_TOKEN": "0123456789abcdef-secret"}, want: []string{
		"fail redis          Upstash over REST refuses the credentials: copy UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN again from the database's page",
		needsRedis, syncNoRedis}},
	{name: "redis-down", given: func(w *apptest.World, _ *wire) { w.Refuse("redis") }, want: []string{
		"fail redis          Upstash over REST: nothing listens at its address: check UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, and that the database is not paused",
		needsRedis, syncNoRedis}},
	{name: "redis-hangs", given: func(w *apptest.World, _ *wire) { w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Hang}) }, want: []string{
		"fail redis          Upstash over REST: no answer in time: check UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, and that the database is not paused",
		needsRedis, syncNoRedis}},
	{name: "redis-is-a-web-page", given: func(w *apptest.World, _ *wire) { w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.HTML}) }, want: []string{
		"fail redis          Upstash over REST: redis PIPELINE: HTTP 200: answer is not JSON: check UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, and that the database is not paused",
		needsRedis, syncNoRedis}},
	{name: "redis-token-that-reads-only", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "redis", Path: "/pipeline", Kind: fault.Status, Status: 200,
			Body: `[{"error":"NOPERM this user has no permissions to run the 'set' command"},{"result":null},{"error":"NOPERM no"},{"error":"NOPERM no"}]`})
	}, want: []string{
		"fail redis          Upstash over REST accepts the credentials, but not for writing and scripts: set the standard token, not the read-only one, in UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN",
		needsRedis}},
	{name: "redis-of-everybody", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "redis", Path: "/pipeline", Kind: fault.Status, Status: 200,
			Body: `[{"result":"OK"},{"result":"another's"},{"result":"another's"},{"result":1}]`})
	}, want: []string{
		"fail redis          Upstash over REST does not give back what was written: is it a Redis of its own? Check UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN",
		needsRedis}},
	{name: "redis-over-its-quota", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status, Status: 400, Body: `{"error":"ERR max requests limit exceeded. Limit: 500000, Usage: 500000."}`})
	}, want: []string{
		"fail redis          Upstash over REST: redis PIPELINE: HTTP 400: ERR max requests limit exceeded. Limit: look at the database's page (quota, size)",
		needsRedis, syncNoRedis}},
	{name: "redis-without-messages", given: func(w *apptest.World, _ *wire) {
		w.Faults().Add(fault.Fault{Upstream: "redis", Path: "/subscribe", Kind: fault.Status, Status: 404})
	}, want: []string{
		"fail pubsub         no message arrives over Upstash over REST: redis SUBSCRIBE: HTTP 404: long polls and realtime need them, so let its user subscribe and publish"}},
	{name: "never-synced", given: func(w *apptest.World, _ *wire) { w.Redis.Miniredis().FlushAll() }, want: []string{
		"warn sync           never done, or over a day ago: set SYNC_CRON, such as */5 * * * *, or run `server sync`, and see that Inngest knows the address of /api/inngest"}},
	{name: "sync-long-ago", given: func(w *apptest.World, _ *wire) { w.Clock.Advance(time.Hour) }, want: []string{
		"ok   session        Jira accepts it; it ends on 2026-06-03, in 29 days",
		"warn sync           last done 1h0m0s ago: set SYNC_CRON, such as */5 * * * *, or run `server sync`, and see that Inngest knows the address of /api/inngest"}},
	{name: "server-without-inngest-fails-to-sync", env: map[string]string{"INNGEST_EVENT_KEY": "", "INNGEST_SIGNING_KEY": ""}, given: func(w *apptest.World, _ *wire) {
		_ = w.Redis.Miniredis().Set("clockwork:sync:failure", `{"at":"2026-05-04T13:00:00Z","message":"clockwork answered 503."}`)
	}, want: []string{
		"warn sync           last done 0s ago; the server failed to sync at 2026-05-04T13:00:00Z: clockwork answered 503.",
		"skip inngest        no keys are set: cmd/server syncs by itself every 1m0s; functions on Vercel need Inngest"}},
	{name: "nothing-syncs", env: map[string]string{"INNGEST_EVENT_KEY": "", "INNGEST_SIGNING_KEY": "", "SYNC_INTERVAL": "off"}, want: []string{
		"warn inngest        no keys are set: nothing syncs by itself, so set INNGEST_EVENT_KEY and INNGEST_SIGNING_KEY (app.inngest.com > Manage), or INNGEST_DEV=1"}},
	{name: "schedule-that-fails", env: map[string]string{"SYNC_CRON": "TZ=Europe/Berlin */5 * * * *"}, given: func(w *apptest.World, _ *wire) { w.Clock.Advance(time.Hour) }, want: []string{
		"ok   session        Jira accepts it; it ends on 2026-06-03, in 29 days",
		"warn sync           last done 1h0m0s ago: see in Inngest whether sync-active-timers fails"}},
	{name: "schedule-that-is-none", env: map[string]string{"SYNC_CRON": "every 5 minutes"}, want: []string{
		"fail configuration  SYNC_CRON is not a schedule: it has five fields, such as */5 * * * * (.env.example says where to get it)",
		"skip sync           " + see}},
}
