package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/clockwork-timer/backend/sandbox"
)

// A test would call Start(t) instead of making a server.
func Example() {
	noon := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	s := sandbox.New(sandbox.Options{Clock: func() time.Time { return noon }})
	clockwork := httptest.NewServer(s.Clockwork())
	defer clockwork.Close()
	emily := s.People()[5]

	req, _ := http.NewRequest(http.MethodPost, clockwork.URL+"/v1/start_timer?issue_key=BILL-209", nil)
	req.Header.Set("Authorization", "Token "+s.ClockworkToken(emily.AccountID).Reveal())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()

	timers := s.RunningTimers()
	last := timers[len(timers)-1]
	fmt.Println(resp.Status, last.Author.DisplayName, last.Issue.Summary)
	// Output: 200 OK Emily Carter Monthly statement for accounts with several sites
}
