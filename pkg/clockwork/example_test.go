package clockwork_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/secret"
)

// exampleServer stands in for Clockwork.
func exampleServer() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /worklogs", answer(200, `[{"id":"50123","issueId":"20456","timeSpentSeconds":5400,
		"started":"2026-03-05T09:00:00.000+0700","issue":{"key":"ABC-7","fields":{"summary":"Fix it"}}}]`))
	mux.HandleFunc("POST /stop_timer", answer(422, `{"message":"No running timer"}`))
	mux.HandleFunc("GET /timers.json", answer(200, `{"timers":[{"id":7,"started_at":"2026-03-05T01:00:00Z","finished_at":null,
		"running_for":"acc-1","issue":{"key":"ABC-7","id":20456},"till_now":60}],"page":1,"pages":1,"total":1,"isLast":true}`))
	return httptest.NewServer(mux)
}

func ExampleClient_Worklogs() {
	srv := exampleServer()
	defer srv.Close()

	c, err := clockwork.New(clockwork.Options{BaseURL: srv.URL})
	if err != nil {
		panic(err)
	}
	hanoi := time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)
	day := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	worklogs, err := c.Worklogs(context.Background(), secret.New("token"), clockwork.WorklogQuery{
		AccountID: "acc-1", From: day, To: day, Location: hanoi,
	})
	for _, w := range worklogs.List {
		fmt.Println(w.IssueKey, w.IssueName, time.Duration(w.TimeSpentSeconds)*time.Second)
	}
	fmt.Println(err)
	// Output:
	// ABC-7 Fix it 1h30m0s
	// <nil>
}

func ExampleClient_StopTimer() {
	srv := exampleServer()
	defer srv.Close()

	c, err := clockwork.New(clockwork.Options{BaseURL: srv.URL})
	if err != nil {
		panic(err)
	}
	_, err = c.StopTimer(context.Background(), secret.New("token"), "ABC-7")
	fmt.Println(errors.Is(err, clockwork.ErrNotRunning))
	// Output: true
}

func ExampleReport_TimersPage() {
	srv := exampleServer()
	defer srv.Close()

	r, err := clockwork.NewReport(clockwork.Options{BaseURL: srv.URL})
	if err != nil {
		panic(err)
	}
	page, err := r.TimersPage(context.Background(), secret.New("context.jwt"), "acme.atlassian.net", 1)
	if err != nil {
		panic(err)
	}
	fmt.Println(page.Timers[0].RunningFor, page.Timers[0].Issue.Key, page.Timers[0].TillNow, page.IsLast)
	// Output: acc-1 ABC-7 60 true
}
