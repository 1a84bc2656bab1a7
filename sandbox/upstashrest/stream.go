package upstashrest

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"
)

// stream answers a subscription. Each event is one data line of fields with commas
// between them. The stream stays open until the caller leaves or the server closes.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, kind string, names []string) {
	if len(names) == 0 || names[0] == "" {
		writeItem(w, http.StatusBadRequest, item{Error: "ERR wrong number of arguments for '" + kind + "' command"})
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()

	var pubsub *redis.PubSub
	if kind == "psubscribe" {
		pubsub = s.rdb.PSubscribe(ctx, names...)
	} else {
		pubsub = s.rdb.Subscribe(ctx, names...)
	}
	// Receive ignores the context while it waits, so closing has to end it.
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		<-ctx.Done()
		_ = pubsub.Close()
	}()
	defer func() { cancel(); <-closed }()

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	out := http.NewResponseController(w)
	_ = out.SetWriteDeadline(time.Time{}) // a subscription has no write timeout
	for began := false; ; began = true {
		message, err := pubsub.Receive(ctx)
		if err != nil {
			if !began {
				writeGone(w)
			}
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", event(message)); err != nil || out.Flush() != nil {
			return
		}
	}
}

func event(message any) string {
	switch m := message.(type) {
	case *redis.Subscription:
		return fmt.Sprintf("%s,%s,%d", m.Kind, m.Channel, m.Count)
	case *redis.Message:
		if m.Pattern != "" {
			return fmt.Sprintf("pmessage,%s,%s,%s", m.Pattern, m.Channel, m.Payload)
		}
		return fmt.Sprintf("message,%s,%s", m.Channel, m.Payload)
	default:
		return fmt.Sprintf("%T", m)
	}
}
