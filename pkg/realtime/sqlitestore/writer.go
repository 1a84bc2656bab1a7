package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// trimEvery is how many rows the events table may be too long.
const trimEvery = 1024

const columns = "id, status, started_at, updated_at, seq, issue_key, summary, comment, on_hold, source, counted_seconds, counted_at"

// writer is the one connection that writes, with its statements.
type writer struct {
	conn    *sql.Conn
	begin   *sql.Stmt
	foreign *sql.Stmt
	end     *sql.Stmt
	undo    *sql.Stmt
	seq     *sql.Stmt
	put     *sql.Stmt
	drop    *sql.Stmt
	log     *sql.Stmt
	trim    *sql.Stmt
	timers  *sql.Stmt
	lastRow *sql.Stmt

	prepared []*sql.Stmt // all of these

	last    int64            // n of the last row of events
	trimmed int64            // n up to which events were deleted
	seqs    map[string]int64 // of users, as committed
	version int64            // of the data: moves when another process writes
}

func newWriter(ctx context.Context, db *sql.DB, last int64) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, last: last, trimmed: last - maxHistory, seqs: map[string]int64{}}
	for text, target := range map[string]**sql.Stmt{
		"BEGIN IMMEDIATE":     &w.begin,
		"COMMIT":              &w.end,
		"PRAGMA data_version": &w.foreign,
		"ROLLBACK":            &w.undo,
		"SELECT COALESCE(MAX(seq), (SELECT seq FROM epoch)) FROM timers WHERE user_id = ? AND typeof(seq) = 'integer'": &w.seq,
		"INSERT INTO timers (user_id, " + columns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" +
			" ON CONFLICT (user_id, id) DO UPDATE SET (status, started_at, updated_at, seq, issue_key, summary, comment, on_hold, source, counted_seconds, counted_at) =" +
			" (excluded.status, excluded.started_at, excluded.updated_at, excluded.seq, excluded.issue_key, excluded.summary, excluded.comment, excluded.on_hold, excluded.source, excluded.counted_seconds, excluded.counted_at)": &w.put,
		"DELETE FROM timers WHERE user_id = ? AND id = ?":         &w.drop,
		"INSERT INTO events (n, user_id, timer) VALUES (?, ?, ?)": &w.log,
		"SELECT COALESCE(MAX(n), 0) FROM events":                  &w.lastRow,
		"DELETE FROM events WHERE n <= ?":                         &w.trim,
		"SELECT " + columns + " FROM timers WHERE user_id = ?":    &w.timers,
	} {
		if *target, err = conn.PrepareContext(ctx, text); err != nil {
			return nil, errors.Join(err, w.close())
		}
		w.prepared = append(w.prepared, *target)
	}
	return w, nil
}

// close closes the statements too: while one is open, SQLite does not close the database,
// and leaves everything in the log.
func (w *writer) close() error {
	var err error
	for _, statement := range w.prepared {
		err = errors.Join(err, statement.Close())
	}
	return errors.Join(err, w.conn.Close())
}

// read returns a user's timers, without those that cannot be read.
func (w *writer) read(ctx context.Context, user string) (state realtime.State, err error) {
	rows, err := w.timers.QueryContext(ctx, user)
	if err != nil {
		return state, err
	}
	defer rows.Close()
	for rows.Next() {
		t, err := scan(rows, user)
		if err != nil {
			state.Unreadable = err
			continue
		}
		state.Timers = append(state.Timers, t)
		state.Seq = max(state.Seq, t.Seq) // the newest timer is never evicted
	}
	if err := rows.Err(); err != nil {
		return state, err
	}
	if state.Unreadable != nil || len(state.Timers) == 0 {
		err = w.seq.QueryRowContext(ctx, user).Scan(&state.Seq) // a timer that was left out counts too
	}
	return state, err
}

func scan(rows *sql.Rows, user string) (t realtime.Timer, err error) {
	t.UserID = user
	var started, updated, counted string
	if err := rows.Scan(&t.ID, &t.Status, &started, &updated, &t.Seq, &t.IssueKey, &t.Summary, &t.Comment, &t.OnHold, &t.Source, &t.CountedSeconds, &counted); err != nil {
		return t, err
	}
	if t.StartedAt, err = time.Parse(time.RFC3339Nano, started); err != nil {
		return t, err
	}
	if t.UpdatedAt, err = time.Parse(time.RFC3339Nano, updated); err != nil {
		return t, err
	}
	if counted == "" {
		t.CountByClock()
	} else if t.CountedAt, err = time.Parse(time.RFC3339Nano, counted); err != nil {
		return t, err
	}
	return t, t.Check()
}

// commit writes the changes in one transaction.
func (w *writer) commit(ctx context.Context, changes []realtime.Change) (made []bool, err error) {
	// For a context that can end, the driver starts a goroutine per statement.
	ctx = context.WithoutCancel(ctx)
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return nil, err
	}
	last, trimmed, done := w.last, w.trimmed, false
	defer func() {
		if err != nil || !done { // after a panic too: the transaction must end
			_, undoErr := w.undo.ExecContext(ctx)
			err = errors.Join(err, undoErr)
			w.last, w.trimmed = last, trimmed
			w.version = 0 // what notice read was undone too
			clear(w.seqs)
		}
	}()
	if err := w.notice(ctx); err != nil {
		return nil, err
	}
	made = make([]bool, len(changes))
	for i := range changes {
		if made[i], err = w.change(ctx, &changes[i]); err != nil {
			return nil, err
		}
	}
	if w.last-w.trimmed > maxHistory+trimEvery {
		w.trimmed = w.last - maxHistory
		if _, err := w.trim.ExecContext(ctx, w.trimmed); err != nil {
			return nil, err
		}
	}
	_, err = w.end.ExecContext(ctx)
	done = true
	return made, err
}

// notice drops the cached numbers if another process has written: an instance that is
// being replaced may still be running.
func (w *writer) notice(ctx context.Context) error {
	var version int64
	if err := w.foreign.QueryRowContext(ctx).Scan(&version); err != nil {
		return err
	}
	if version == w.version {
		return nil
	}
	w.version = version
	clear(w.seqs)
	return w.lastRow.QueryRowContext(ctx).Scan(&w.last)
}

func (w *writer) change(ctx context.Context, c *realtime.Change) (bool, error) {
	seq, known := w.seqs[c.User]
	if !known {
		if err := w.seq.QueryRowContext(ctx, c.User).Scan(&seq); err != nil {
			return false, err
		}
	}
	if seq != c.After {
		return false, nil
	}
	for i := range c.Events {
		e := &c.Events[i]
		w.last++
		if _, err := w.log.ExecContext(ctx, w.last, c.User, string(e.JSON)); err != nil {
			return false, err
		}
		if replaced(c.Events[i+1:], e.Timer.ID) {
			continue
		}
		if err := w.write(ctx, c.User, &e.Timer); err != nil {
			return false, err
		}
	}
	for _, id := range c.Dropped {
		if _, err := w.drop.ExecContext(ctx, c.User, id); err != nil {
			return false, err
		}
	}
	w.remember(c.User, c.Seq())
	return true, nil
}

// replaced reports whether a later event has the timer's newer state.
func replaced(later []realtime.Event, id string) bool {
	for i := range later {
		if later[i].Timer.ID == id {
			return true
		}
	}
	return false
}

func (w *writer) write(ctx context.Context, user string, t *realtime.Timer) error {
	_, err := w.put.ExecContext(ctx, user, t.ID, string(t.Status), t.StartedAt.UTC().Format(time.RFC3339Nano), t.UpdatedAt.UTC().Format(time.RFC3339Nano),
		t.Seq, t.IssueKey, t.Summary, t.Comment, t.OnHold, t.Source, t.CountedSeconds, t.CountedAt.UTC().Format(time.RFC3339Nano))
	return err
}

// maxSeqs bounds the cached numbers.
const maxSeqs = 10_000

func (w *writer) remember(user string, seq int64) {
	if len(w.seqs) >= maxSeqs {
		clear(w.seqs)
	}
	w.seqs[user] = seq
}
