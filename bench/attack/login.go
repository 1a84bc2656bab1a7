package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clockwork-timer/backend/e2e/upstreams"
)

// loginLockout guesses a person's password from many addresses, and then from the
// person's own address. The person then logs in with the right one.
func loginLockout(ctx context.Context, l *lab) ([]figure, error) {
	s, err := l.server(ctx, "RATE_LIMIT=on", proxied)
	if err != nil {
		return nil, err
	}
	name := upstreams.Username(s.up.Sandbox.People()[1])
	login := func(address int, password, cookie string) (int, http.Header) {
		status, header, _ := s.send(ctx, http.MethodPost, "/login", fmt.Sprintf(`{"username":%q,"password":%q}`, name, password), "X-Forwarded-For", from(address), "Cookie", cookie)
		return status, header
	}
	const owner, guesses, addresses = 999, 300, 30
	_, header := login(owner, upstreams.Password, "")
	device, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	guess := func(addresses int) (checked int64) {
		var all sync.WaitGroup
		var wrong atomic.Int64
		for n := range guesses {
			all.Go(func() {
				if status, _ := login(owner+1-addresses+n%addresses, fmt.Sprint("guess ", n), ""); status == http.StatusUnauthorized {
					wrong.Add(1)
				}
			})
		}
		all.Wait()
		return wrong.Load()
	}
	guess(addresses)
	began := time.Now()
	elsewhere, _ := login(owner+1, upstreams.Password, "")
	took := time.Since(began)
	checked := guess(1) // all from the owner's address
	known, _ := login(owner, upstreams.Password, device)
	return []figure{
		{"right password after 300 guesses from 30 addresses", fmt.Sprint(elsewhere), "200", elsewhere == http.StatusOK},
		{"time that this login took", took.Round(time.Millisecond).String(), "under 5s", took < 5*time.Second},
		{"of 300 guesses from one address, checked", fmt.Sprint(checked), "at most 15", checked <= 15},
		{"right password there, on a known device", fmt.Sprint(known), "200", known == http.StatusOK},
	}, nil
}
