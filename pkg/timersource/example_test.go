package timersource_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/golang-jwt/jwt/v5"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timersource"
)

// The stand-in answers on one host what Jira and Clockwork answer on two.
func exampleSite() *httptest.Server {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"exp": 1772712900}).SignedString([]byte("key"))
	if err != nil {
		panic(err)
	}
	const page = `{"timers":[{"id":7,"started_at":"2026-03-05T11:00:00Z","finished_at":null,"running_for":"acc-1",
		"issue":{"key":"ABC-7","id":20456},"till_now":3600}],"page":1,"pages":1,"total":1,"isLast":true}`
	replies := map[string]string{
		"/plugins/servlet/ac/clockwork-cloud/clockwork-timers": `{"contextJwt":"` + token + `"}`,
		"/timers.json": page,
		"/gateway/api/graphql": `{"data":{
			"globalApp_signForgeContextTokens":{"success":true,"tokens":[{"jwt":"` + token + `"}]},
			"invokeExtension":{"success":true,"response":{"body":{"status":200,"body":` + page + `}}}}}`,
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, replies[r.URL.Path])
	}))
}

func ExampleConnect() {
	site := exampleSite()
	defer site.Close()

	source, err := timersource.NewConnect(timersource.Options{
		SiteURL:       site.URL,
		SiteHost:      "acme.atlassian.net",
		Session:       secret.New("value of the cookie tenant.session.token"),
		ReportBaseURL: site.URL,
	})
	if err != nil {
		panic(err)
	}
	token, err := source.Acquire(context.Background())
	if err != nil {
		panic(err)
	}
	snapshot, err := source.Timers(context.Background(), token, timersource.Cached{})
	if err != nil {
		panic(err)
	}
	fmt.Println(token.Value, token.ExpiresAt)
	for _, t := range snapshot.Timers {
		fmt.Println(t.RunningFor, t.Issue.Key, t.TillNow)
	}
	// Output:
	// [redacted] 2026-03-05 12:15:00 +0000 UTC
	// acc-1 ABC-7 3600
}

func ExampleForge() {
	site := exampleSite()
	defer site.Close()

	source, err := timersource.NewForge(timersource.Options{
		SiteURL:  site.URL,
		SiteHost: "acme.atlassian.net",
		Session:  secret.New("value of the cookie tenant.session.token"),
		Forge: timersource.ForgeIDs{ // without these they are discovered
			CloudID:        "11111111-2222-3333-4444-555555555555",
			InstallationID: "66666666-7777-8888-9999-000000000000",
			AppVersion:     "3.10.0",
		},
	})
	if err != nil {
		panic(err)
	}
	token, err := source.Acquire(context.Background())
	if err != nil {
		panic(err)
	}
	snapshot, err := source.Timers(context.Background(), token, timersource.Cached{})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(snapshot.Timers), snapshot.Timers[0].Issue.Key, snapshot.Timers[0].WithinWorkingHours)
	// Output: 1 ABC-7 true
}
