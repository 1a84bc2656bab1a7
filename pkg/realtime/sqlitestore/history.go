package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

const (
	// maxHistory is how many changes of all users are kept.
	maxHistory = 8192
	// maxHistoryBytes bounds those in memory once more.
	maxHistoryBytes = 16 << 20
)

// history is the events table in memory: a lookup by user would need an index,
// and an index would cost each commit more than all else together.
type history struct {
	last   int64 // n of the last row
	bytes  int   // of all changes
	order  []string
	byUser map[string][]realtime.Event
}

// load reads the table. It gives the first error of a row that it left out too.
func (h *history) load(ctx context.Context, db *sql.DB) (unreadable, err error) {
	h.byUser = map[string][]realtime.Event{}
	rows, err := db.QueryContext(ctx, "SELECT n, user_id, timer FROM (SELECT * FROM events ORDER BY n DESC LIMIT ?) ORDER BY n", maxHistory)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var user string
		var encoded []byte
		var e realtime.Event
		err := rows.Scan(&h.last, &user, &encoded)
		if err == nil {
			e, err = realtime.DecodeEvent(encoded)
		}
		if err != nil {
			unreadable = cmp.Or(unreadable, err)
			continue
		}
		h.add(user, []realtime.Event{e})
	}
	return unreadable, rows.Err()
}

func (h *history) add(user string, events []realtime.Event) {
	for _, e := range events {
		h.order = append(h.order, user)
		h.bytes += len(e.JSON)
	}
	h.byUser[user] = append(h.byUser[user], events...)
	for len(h.order) > maxHistory || h.bytes > maxHistoryBytes {
		oldest := h.order[0]
		h.order = h.order[1:]
		h.bytes -= len(h.byUser[oldest][0].JSON)
		if rest := h.byUser[oldest][1:]; len(rest) > 0 {
			h.byUser[oldest] = rest
		} else {
			delete(h.byUser, oldest)
		}
	}
}

// of gives a user's last changes, up to seq.
func (h *history) of(user string, seq int64) []realtime.Event {
	events := h.byUser[user]
	if len(events) == 0 || events[len(events)-1].Timer.Seq != seq {
		return nil
	}
	events = events[max(0, len(events)-realtime.MaxRecent):]
	return append([]realtime.Event(nil), events...)
}
