package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const inngestPath = "/api/inngest?fnId=clockwork-timers-sync-active-timers&stepId=step"

// forgedInngest sends large bodies that Inngest did not sign: some without a
// signature, and some with a wrong signature of the right form and time.
func forgedInngest(ctx context.Context, l *lab) ([]figure, error) {
	keys := []string{"INNGEST_EVENT_KEY=event-key-0123", "INNGEST_SIGNING_KEY=signkey-prod-00112233445566778899aabbccddeeff"}
	open, err := l.server(ctx, keys...)
	if err != nil {
		return nil, err
	}
	limited, err := l.server(ctx, append(keys, "RATE_LIMIT=on")...)
	if err != nil {
		return nil, err
	}
	body := `{"events":[` + strings.Repeat(`{"name":"x","data":{"a":[1,2,3]}},`, 7300) + `{}]}` // 244 KB
	send := func(s *server, requests int, signature string) (each time.Duration, statuses map[int]int) {
		statuses = map[int]int{}
		before := s.cpu()
		for range requests {
			status, _, _ := s.send(ctx, http.MethodPost, inngestPath, body, "X-Inngest-Signature", signature)
			statuses[status]++
		}
		return (s.cpu() - before) / time.Duration(requests), statuses
	}
	unsigned, refused := send(open, 500, "")
	forged, answers := send(limited, 500, fmt.Sprintf("t=%d&s=%064x", time.Now().Unix(), 7))
	return []figure{
		{"of 500 unsigned bodies of 244 KB, refused", fmt.Sprint(refused[401]), "500", refused[401] == 500},
		{"CPU for each", unsigned.String(), "at most 2ms", unsigned <= 2*time.Millisecond},
		{"of 500 forged ones from one address, refused unread", fmt.Sprint(answers[429]), "at least 450", answers[429] >= 450},
		{"CPU for each", forged.String(), "at most 3ms", forged <= 3*time.Millisecond},
	}, nil
}
