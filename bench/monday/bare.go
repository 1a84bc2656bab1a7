package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// bare answers the same requests with the least possible work: a start or stop is the
// call to Clockwork and one SET, a read is one MGET of the same keys.
type bare struct {
	redis     *redis.Client
	clockwork string
	http      *http.Client
}

func newBare(environ map[string]string) (http.Handler, error) {
	redis, err := tcp.New(environ["REDIS_URL"], redis.Options{Connections: 16})
	if err != nil {
		return nil, err
	}
	b := &bare{redis, environ["CLOCKWORK_API_BASE_URL"], &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: 10 * time.Second}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/timers/start", b.act("start_timer"))
	mux.HandleFunc("POST /api/timers/stop", b.act("stop_timer"))
	mux.HandleFunc("GET /api/timers/active", b.active)
	return mux, nil
}

func (b *bare) act(operation string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			IssueKey  string `json:"issueKey"`
			AccountID string `json:"accountId"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := b.call(r, operation, in.IssueKey); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		if _, err := b.redis.Do(r.Context(), "SET", "bare:"+in.AccountID, in.IssueKey, "EX", 60); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprintf(w, `{"issueKey":%q}`, in.IssueKey)
	}
}

func (b *bare) call(r *http.Request, operation, issueKey string) error {
	body := strings.NewReader(`{"issue_key":"` + issueKey + `"}`)
	call, err := http.NewRequestWithContext(r.Context(), http.MethodPost, b.clockwork+"/"+operation, body)
	if err != nil {
		return err
	}
	call.Header.Set("Authorization", "Token "+r.Header.Get("X-Clockwork-Token"))
	call.Header.Set("Content-Type", "application/json")
	answer, err := b.http.Do(call)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return nil
}

func (b *bare) active(w http.ResponseWriter, r *http.Request) {
	command := []any{"MGET"}
	for _, key := range timercache.HeldKeys(r.URL.Query().Get("accountId")) {
		command = append(command, key)
	}
	reply, err := b.redis.Do(r.Context(), command...)
	values, ok := reply.([]any)
	if err != nil || !ok || len(values) < 2 {
		http.Error(w, fmt.Sprintf("%T, %v", reply, err), http.StatusServiceUnavailable)
		return
	}
	text, _ := values[1].(string)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, text)
}
