package sqlitestore_test

import (
	"bytes"
	"database/sql"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
)

// Rows that cannot be read are left out: the server starts, their user's other
// timers are there, and change as before, even if the newest is among them.
func TestUnreadableRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timers.db")
	url := "sqlite://" + path
	s, err := sqlitestore.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	commitEvents(t, s, "ann", 3)
	began := epoch(t, s)
	require.NoError(t, s.Close())

	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	row := func(id string, seq any, started string) {
		_, err := db.Exec("INSERT INTO timers (user_id, id, status, started_at, updated_at, seq, source) VALUES ('ann', ?, 'running', ?, '2026-05-04T09:00:00Z', ?, 'client')", id, started, seq)
		require.NoError(t, err)
	}
	row("year-10000", began+1, "10000-01-01T00:00:00Z")
	row("zone-of-year-10000", began+2, "9999-12-31T23:59:59-01:00")
	row("no-time", began+4, "soon")
	row("odd-seq", "many", "2026-05-04T09:00:00Z")
	for _, timer := range []string{"", "null", "{", `{"seq":"x"}`, `{"id":"a","user_id":"ann","status":"running","started_at":"10000-01-01T00:00:00Z"}`} {
		_, err := db.Exec("INSERT INTO events (user_id, timer) VALUES ('ann', ?)", timer)
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())

	var log bytes.Buffer
	s, err = sqlitestore.Open(t.Context(), url, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, 1, strings.Count(log.String(), "left out"), log.String())
	state, err := s.Load(t.Context(), "ann")
	require.NoError(t, err)
	assert.Error(t, state.Unreadable)
	assert.Len(t, state.Timers, 1)
	assert.Equal(t, began+4, state.Seq, "that of a row left out, whose number clients know")
	made, err := s.Commit(t.Context(), []realtime.Change{{User: "ann", After: began + 4, Events: []realtime.Event{event(began + 5)}}})
	require.NoError(t, err)
	assert.Equal(t, []bool{true}, made)
}
