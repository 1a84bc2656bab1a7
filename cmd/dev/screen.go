package main

import (
	"io"
	"strings"
	"text/template"
)

// screen is what a developer sees first. Every curl line works as it is.
var screen = template.Must(template.New("screen").Parse(`
  Clockwork timers: {{.Base}}    (only this machine can reach it)

  Log in      with a click on the page, or as {{.User}}, password {{.Password}}; {{.Admin}} is the administrator. The others: {{.Others}}
  API token   {{.UserToken}} is {{.User}}'s for Clockwork; everybody's is saved already
  Reference   {{.Base}}/reference
  Sandbox     plays Clockwork and Jira with {{.People}} people: {{.Base}}{{.Control}}/state
  Sync        {{.Sync}}

  Try it in a second terminal:

    eval "$(go run ./cmd/dev --env --port {{.Port}})"
    curl "{{.Base}}/api/timers/active?accountId=$CLOCKWORK_ACCOUNT_ID"
    curl {{.Base}}/api/timers/start -H 'Content-Type: application/json' -H "X-Clockwork-Token: $CLOCKWORK_API_TOKEN" -d '{"issueKey":"{{.Issue}}"}'
    curl {{.Base}}/api/timers/stop -H 'Content-Type: application/json' -H "X-Clockwork-Token: $CLOCKWORK_API_TOKEN" -d '{"issueKey":"{{.Issue}}"}'
    curl {{.Base}}/api/team
    curl "{{.Base}}/api/worklogs?accountId=$CLOCKWORK_ACCOUNT_ID"
    curl "{{.Base}}/api/health?deep=1"

  docs/deploy.md says how to run it with the Inngest dev server and under vercel dev. LOG_LEVEL=info shows the log. Ctrl-C ends it.
`))

func (w *world) startScreen(stdout io.Writer) {
	sync := "every minute, and after each start and stop"
	if w.deps.Config.InngestDev() {
		sync = "by the Inngest dev server at " + w.deps.Config.InngestURL() + "; by this process while that does not answer"
	}
	people := w.upstreams.People()
	usernames := make([]string, len(people))
	for i, p := range people {
		usernames[i] = usernameOf(p)
	}
	_ = screen.Execute(stdout, map[string]any{
		"Base": w.base, "Port": w.base[strings.LastIndex(w.base, ":")+1:], "Control": controlPath, "Sync": sync,
		"Admin": usernames[0], "User": usernames[1], "Others": strings.Join(usernames[2:], ", "), "UserToken": w.upstreams.ClockworkToken(people[1].AccountID).Reveal(),
		"Password": devPassword, "People": len(people), "Issue": w.freeIssue(),
	})
}

// freeIssue returns an issue on which nobody runs a timer.
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
