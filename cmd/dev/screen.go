package main

import (
	"io"
	"strings"
	"text/template"
)

// screen is what a developer sees first. Every curl line works as it stands.
var screen = template.Must(template.New("screen").Parse(`
  Clockwork timers, on this machine only: {{.Base}}

  Sandbox     {{.People}} people, {{.Running}} running timers; change them as if in Clockwork itself: {{.Base}}{{.Control}}/state
  Sync        {{.Sync}}
  Pages       {{.Base}}/ (log in as below), and for the API {{.Base}}/reference
  Log in      as {{.Usernames}}; everybody's password is {{.Password}}; {{.Admin}} is the admin
  Token       a start on the page asks for the person's Clockwork API token; {{.Busy}}'s is {{.BusyToken}}

  Try (in a second terminal):
    eval "$(go run ./cmd/dev --env --port {{.Port}})"

    curl '{{.Base}}/api/health?deep=1'
    curl '{{.Base}}/api/timers/active'
    curl "{{.Base}}/api/timers/active?accountId=$CLOCKWORK_ACCOUNT_ID"
    curl -X POST {{.Base}}/api/timers/start -H 'Content-Type: application/json' -H "X-Clockwork-Token: $CLOCKWORK_API_TOKEN" -d '{"issueKey":"{{.Issue}}","accountId":"'$CLOCKWORK_ACCOUNT_ID'"}'
    curl -X POST {{.Base}}/api/timers/stop -H 'Content-Type: application/json' -H "X-Clockwork-Token: $CLOCKWORK_API_TOKEN" -d '{"issueKey":"{{.Issue}}","accountId":"'$CLOCKWORK_ACCOUNT_ID'"}'
    curl -X POST {{.Base}}/api/timers/sync -H 'Content-Type: application/json' -d '{}'
    curl "{{.Base}}/api/worklogs?accountId=$CLOCKWORK_ACCOUNT_ID"
    curl {{.Base}}/api/issues/{{.Issue}}
    curl "{{.Base}}/api/issues/search?accountId=$CLOCKWORK_ACCOUNT_ID&q={{.Issue}}"
    curl "{{.Base}}/api/users/resolve?email=$ATLASSIAN_EMAIL"
    curl -X POST {{.Base}}/api/settings/validate -H 'Content-Type: application/json' -d '{"accountId":"'$CLOCKWORK_ACCOUNT_ID'","clockworkApiToken":"'$CLOCKWORK_API_TOKEN'"}'
    TOKEN=$(curl -s {{.Base}}/login -H 'Content-Type: application/json' -d '{"username":"{{.Busy}}","password":"{{.Password}}"}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
    curl {{.Base}}/timers -H "Authorization: Bearer $TOKEN"

  Realtime    curl -N "{{.Base}}/api/timers/stream" -H "Authorization: Bearer $TOKEN"
              or a WebSocket to {{.Base}}/ws with the same header; start and stop something meanwhile

  Inngest     npx inngest-cli@latest dev -u {{.Base}}/api/inngest
              INNGEST_DEV=http://127.0.0.1:8288 go run ./cmd/dev
  vercel dev  go run ./cmd/dev --env --port {{.Port}} > .env && vercel dev -L --listen 3100
  Stop        Ctrl-C
`))

func (w *world) startScreen(stdout io.Writer) {
	sync := "in this process, after each start and stop and every minute"
	if w.deps.Config.InngestDev() {
		sync = "by the Inngest dev server at " + w.deps.Config.InngestURL() + "; in this process while it does not answer"
	}
	people := w.upstreams.People()
	usernames := make([]string, len(people))
	for i, p := range people {
		usernames[i] = usernameOf(p)
	}
	_ = screen.Execute(stdout, map[string]any{
		"Base": w.base, "Port": w.base[strings.LastIndex(w.base, ":")+1:], "Control": controlPath, "Sync": sync,
		"Usernames": strings.Join(usernames, ", "), "Admin": usernames[0], "Busy": usernames[1], "BusyToken": w.upstreams.ClockworkToken(people[1].AccountID).Reveal(), "Password": devPassword,
		"People": len(people), "Running": len(w.upstreams.RunningTimers()), "Issue": w.freeIssue(),
	})
}

// freeIssue is one on which the credentials' owner runs nothing.
func (w *world) freeIssue() string {
	busy := map[string]bool{}
	for _, t := range w.upstreams.RunningTimers() {
		busy[t.Issue.Key] = true
	}
	for _, issue := range w.upstreams.Issues() {
		if !busy[issue.Key] && issue.StatusCategory == "In Progress" {
			return issue.Key
		}
	}
	return w.upstreams.Issues()[0].Key
}
