package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// Bounds of the changes of all users. The table is bounded in number only.
const (
	maxHistory      = 8192
	maxHistoryBytes = 16 << 20
)

// history is the events table in memory. A lookup by user in the database would need an
// index, which would cost each commit more than everything else.
type history struct {
	last   int64 // n of the last row
	bytes  int   // of all changes
	order  []string
	byUser map[string][]realtime.Event
}

// load reads the table. unreadable is the first error of a row that was left out.
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

// of returns a user's recent changes, if they end with seq.
func (h *history) of(user string, seq int64) []realtime.Event {
	events := h.byUser[user]
	if len(events) == 0 || events[len(events)-1].Timer.Seq != seq {
		return nil
	}
	first, bytes := len(events), 0
	for first > 0 && len(events)-first < realtime.MaxRecent {
		if bytes += len(events[first-1].JSON); bytes > realtime.MaxRecentBytes {
			break
		}
		first--
	}
	return slices.Clone(events[first:])
}
