package timers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// addresses are of so many callers that none comes near a limit, while the
// clock stands still.
func addresses() func() string {
	const callers = 4096
	all := make([]string, callers)
	for n := range all {
		all[n] = fmt.Sprintf("198.51.%d.%d:4711", n/256, n%256)
	}
	n := 0
	return func() string { n++; return all[n%callers] }
}

// BenchmarkActive is the poll that every client repeats, over the played
// Upstash: time and allocations are those of both sides of its one round trip.
func BenchmarkActive(b *testing.B) {
	w := apptest.New(b, apptest.Options{})
	one := "/api/timers/active?accountId=" + w.Person(1).AccountID
	tag := w.Do(b.Context(), timers.HandleActive, apptest.Request{Target: one}).Header.Get("ETag")
	for _, c := range []struct {
		name, target, tag string
		status            int
	}{
		{"one-person", one, "", http.StatusOK},
		{"unchanged", one, tag, http.StatusNotModified},
		{"everybody", "/api/timers/active", "", http.StatusOK},
	} {
		b.Run(c.name, func(b *testing.B) {
			handler := httpapi.WithDeps(w.Deps, http.HandlerFunc(timers.HandleActive))
			next := addresses()
			b.ReportAllocs()
			spent := w.Spent(b, func() {
				for b.Loop() {
					r := httptest.NewRequest(http.MethodGet, c.target, nil)
					r.RemoteAddr = next()
					if c.tag != "" {
						r.Header.Set("If-None-Match", c.tag)
					}
					recorder := httptest.NewRecorder()
					handler.ServeHTTP(recorder, r)
					if recorder.Code != c.status {
						b.Fatalf("status %d: %s", recorder.Code, recorder.Body)
					}
				}
			})
			b.ReportMetric(float64(spent.Commands)/float64(b.N), "commands/op")
		})
	}
}

// recorded answers every command as the first one was answered.
type recorded struct {
	app.Redis
	reply any
}

func (r *recorded) Do(ctx context.Context, cmd ...any) (any, error) {
	var err error
	if r.reply == nil {
		r.reply, err = r.Redis.Do(ctx, cmd...)
	}
	return r.reply, err
}

// BenchmarkActiveHandler is the part that is ours: Redis answers at once.
func BenchmarkActiveHandler(b *testing.B) {
	w := apptest.New(b, apptest.Options{})
	w.Deps.Timers = timercache.New(&recorded{Redis: w.Deps.Redis}, "", w.Clock.Now)
	handler := httpapi.WithDeps(w.Deps, http.HandlerFunc(timers.HandleActive))
	r := httptest.NewRequest(http.MethodGet, "/api/timers/active?accountId="+w.Person(1).AccountID, nil)
	next := addresses()
	b.ReportAllocs()
	for b.Loop() {
		r.RemoteAddr = next()
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r)
		if recorder.Code != http.StatusOK {
			b.Fatalf("status %d: %s", recorder.Code, recorder.Body)
		}
	}
}
