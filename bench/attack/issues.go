package main

import (
	"context"
	"fmt"
	"net/http"
)

// unknownIssues requests made-up issue keys, which no cache has.
func unknownIssues(ctx context.Context, l *lab) ([]figure, error) {
	s, err := l.server(ctx, "RATE_LIMIT=on")
	if err != nil {
		return nil, err
	}
	const requests, quota = 1100, 300 // a minute, from one address
	statuses := map[int]int{}
	for n := range requests {
		statuses[s.status(ctx, fmt.Sprintf("/api/issues/GONE-%d", n+1))]++
	}
	asked := s.up.Sandbox.Requests()["jira.issue"]
	return []figure{
		{"of 1,100 unknown issue keys, refused", fmt.Sprint(statuses[http.StatusTooManyRequests]), "at least 600", statuses[http.StatusTooManyRequests] >= 600},
		{"calls to Jira", fmt.Sprint(asked), "at most 500", asked >= quota && asked <= 500},
	}, nil
}
