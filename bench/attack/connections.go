package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/clockwork-timer/backend/e2e/upstreams"
)

// connections opens 1,500 WebSockets with one login, whose state is large: many
// timers with long comments. It reads from each only until the server closes it.
func connections(ctx context.Context, l *lab) ([]figure, error) {
	s, err := l.server(ctx)
	if err != nil {
		return nil, err
	}
	_, _, body := s.send(ctx, http.MethodPost, "/login", fmt.Sprintf(`{"username":%q,"password":%q}`, upstreams.Username(s.up.Sandbox.People()[1]), upstreams.Password))
	var login struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &login); err != nil || login.AccessToken == "" {
		return nil, fmt.Errorf("log in: %s", body)
	}
	dial := func() (*websocket.Conn, error) {
		conn, _, err := websocket.Dial(ctx, strings.Replace(s.url, "http", "ws", 1)+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + login.AccessToken}}})
		return conn, err
	}
	if err := manyTimers(ctx, dial); err != nil {
		return nil, err
	}
	before := s.memory()
	const tried = 1500
	var open, refused atomic.Int64
	var all sync.WaitGroup
	reading, stop := context.WithCancel(ctx)
	defer stop()
	for range tried {
		conn, err := dial()
		if err != nil {
			refused.Add(1)
			continue
		}
		defer conn.CloseNow()
		conn.SetReadLimit(-1)
		all.Go(func() { // until the server closes it, or this attack ends
			for {
				if _, _, err := conn.Read(reading); err != nil {
					if websocket.CloseStatus(err) == 4429 {
						refused.Add(1)
					} else if errors.Is(err, context.Canceled) {
						open.Add(1)
					}
					return
				}
			}
		})
	}
	settled := time.NewTimer(3 * time.Second)
	defer settled.Stop()
	select {
	case <-settled.C:
	case <-ctx.Done():
	}
	grown := s.memory() - before
	stop()
	all.Wait()
	return []figure{
		{"of 1,500 connections of one login, open", fmt.Sprint(open.Load()), "50", open.Load() == 50},
		{"closed with code 4429", fmt.Sprint(refused.Load()), "1450", refused.Load() == tried-50},
		{"memory that they use, in MiB", fmt.Sprint(grown), "at most 100", grown <= 100},
	}, nil
}

// manyTimers starts 150 timers, as fast as one connection may.
func manyTimers(ctx context.Context, dial func() (*websocket.Conn, error)) error {
	conn, err := dial()
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	tick := time.NewTicker(120 * time.Millisecond)
	defer tick.Stop()
	comment := strings.Repeat("x", 2000)
	go func() {
		for {
			if _, _, err := conn.Read(ctx); err != nil {
				return
			}
		}
	}()
	for n := range 150 {
		message := fmt.Sprintf(`{"action":"timer_start","id":"timer-%d","started_at":%q,"comment":%q}`, n, time.Now().UTC().Format(time.RFC3339), comment)
		if err := conn.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			return err
		}
		<-tick.C
	}
	return nil
}
