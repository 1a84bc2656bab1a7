package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/sandbox/fault"
)

// slowQuery lets one caller repeat searches that make Jira hang. Meanwhile others
// request issues from Jira.
func slowQuery(ctx context.Context, l *lab) ([]figure, error) {
	s, err := l.server(ctx, proxied)
	if err != nil {
		return nil, err
	}
	s.up.Sandbox.Faults().Add(fault.Fault{Upstream: "jira", Operation: "jira.search_jql", Kind: fault.Hang})
	attacking, stop := context.WithTimeout(ctx, 45*time.Second)
	defer stop()
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() {
			for attacking.Err() == nil {
				s.send(attacking, http.MethodGet, fmt.Sprintf("/api/issues/search?q=slow%%20words%d", n), "", "X-Forwarded-For", from(0))
			}
		})
	}
	good, asked := 0, 0
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for attacking.Err() == nil {
		asked++ // each unknown issue needs a request to Jira, and 404 is a good answer
		if status, _, _ := s.send(ctx, http.MethodGet, fmt.Sprintf("/api/issues/GONE-%d", asked), "", "X-Forwarded-For", from(1)); status == http.StatusNotFound {
			good++
		}
		<-tick.C
	}
	all.Wait()
	return []figure{{fmt.Sprintf("of %d look-ups of others meanwhile, answered", asked), fmt.Sprint(good), "all", good == asked}}, nil
}
