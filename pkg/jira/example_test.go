package jira_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/secret"
)

func ExampleClient_Search() {
	srv := httptest.NewServer(answer(200, `{"issues":[{"id":"20456","key":"ABC-7",
		"fields":{"summary":"Fix it","status":{"name":"In Progress"}}}],"isLast":true}`))
	defer srv.Close()

	c, err := jira.New(jira.Options{
		BaseURL:   srv.URL,
		BrowseURL: "https://acme.atlassian.net",
		Email:     "service@example.test",
		APIToken:  secret.New("token"),
	})
	if err != nil {
		panic(err)
	}
	issues, err := c.Search(context.Background(), jira.SearchQuery{AccountID: "acc-1", Text: `fix "it`})
	if err != nil {
		panic(err)
	}
	for _, issue := range issues {
		fmt.Println(issue.Key, issue.Summary, issue.URL)
	}
	// Output: ABC-7 Fix it https://acme.atlassian.net/browse/ABC-7
}
