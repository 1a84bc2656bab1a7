package sqlitestore_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
	"github.com/clockwork-timer/backend/pkg/realtime/storetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(killedStore); path != "" {
		commitUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

func open(t *testing.T, url string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestContract(t *testing.T) {
	for name, query := range map[string]string{"normal": "", "full": "?synchronous=full"} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				url := "sqlite://" + filepath.Join(t.TempDir(), "a b?.db")
				return func(t *testing.T) realtime.Store { return open(t, url+query) }
			})
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ url, want string }{
		"no-path":       {"sqlite://", "DATABASE_URL"},
		"other-scheme":  {"postgres://marked-password@host/db", "DATABASE_URL"},
		"unknown-sync":  {"sqlite://x.db?synchronous=off", "DATABASE_URL"},
		"missing-place": {"sqlite:///nowhere/at/all/x.db", "prepare SQLite database"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sqlitestore.Open(t.Context(), tc.url, slog.New(slog.DiscardHandler))
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), "marked")
		})
	}
}

// epoch gives the seq that users start from.
func epoch(t testing.TB, s *sqlitestore.Store) int64 {
	t.Helper()
	state, err := s.Load(t.Context(), "nobody")
	require.NoError(t, err)
	return state.Seq
}

func event(seq int64) realtime.Event {
	return realtime.NewEvent(realtime.Timer{ID: "a", UserID: "ann", Status: realtime.Running, Seq: seq, Source: realtime.SourceClient})
}

// A restart keeps what was committed, with the recent changes.
func TestReopen(t *testing.T) {
	url := "sqlite://" + filepath.Join(t.TempDir(), "timers.db")
	s, err := sqlitestore.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	began := epoch(t, s)
	for seq := began; seq < began+10; seq++ {
		made, err := s.Commit(t.Context(), []realtime.Change{{User: "ann", After: seq, Events: []realtime.Event{event(seq + 1)}}})
		require.NoError(t, err)
		require.Equal(t, []bool{true}, made)
	}
	require.NoError(t, s.Close())
	state, err := open(t, url).Load(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, began+10, state.Seq)
	assert.Len(t, state.Recent, 10)
}

// The table that the contract names is there for other programs to read.
func TestTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timers.db")
	s := open(t, "sqlite://"+path)
	began := epoch(t, s)
	made, err := s.Commit(t.Context(), []realtime.Change{{User: "ann", After: began, Events: []realtime.Event{event(began + 1)}}})
	require.NoError(t, err)
	require.Equal(t, []bool{true}, made)
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	var got string
	require.NoError(t, db.QueryRow("SELECT id || user_id || status || started_at || updated_at FROM timers").Scan(&got))
	assert.Equal(t, "aannrunning0001-01-01T00:00:00Z0001-01-01T00:00:00Z", got)
}

func TestDatabaseOfNewerProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timers.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.Exec("PRAGMA user_version = 99")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = sqlitestore.Open(t.Context(), "sqlite://"+path, slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "version 99")
}

// A database of the first version keeps working: its users keep their numbers, others
// start from an epoch.
func TestOlderDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timers.db")
	s, err := sqlitestore.Open(t.Context(), "sqlite://"+path, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	for _, statement := range []string{
		"DROP TABLE epoch", "ALTER TABLE timers DROP COLUMN counted_seconds", "ALTER TABLE timers DROP COLUMN counted_at", "PRAGMA user_version = 1",
		"INSERT INTO timers (user_id, id, status, started_at, updated_at, seq, source) VALUES ('ann', 'a', 'running', '2026-05-04T09:00:00Z', '2026-05-04T09:00:00Z', 7, 'client')",
	} {
		_, err = db.Exec(statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, db.Close())
	s = open(t, "sqlite://"+path)
	assert.Positive(t, epoch(t, s))
	state, err := s.Load(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, state.Timers[0].StartedAt, state.Timers[0].CountedAt, "what was counted is not known: since the start")
	made, err := s.Commit(t.Context(), []realtime.Change{{User: "ann", After: 7, Events: []realtime.Event{event(8)}}})
	require.NoError(t, err)
	assert.Equal(t, []bool{true}, made)
}

// A commit that fails in the middle leaves nothing, and the next one works.
func TestFailureInTheMiddle(t *testing.T) {
	s := open(t, "sqlite://:memory:")
	began := epoch(t, s)
	broken := event(began + 2)
	broken.Timer.Status = "neither"
	_, err := s.Commit(t.Context(), []realtime.Change{
		{User: "bob", After: began, Events: []realtime.Event{event(began + 1)}},
		{User: "ann", After: began, Events: []realtime.Event{event(began + 1), broken}},
	})
	require.ErrorContains(t, err, "CHECK constraint")
	for _, user := range []string{"ann", "bob"} {
		state, err := s.Load(t.Context(), user)
		require.NoError(t, err)
		assert.Equal(t, began, state.Seq, user)
		assert.Empty(t, state.Recent, user)
	}
	made, err := s.Commit(t.Context(), []realtime.Change{{User: "ann", After: began, Events: []realtime.Event{event(began + 1)}}})
	require.NoError(t, err)
	assert.Equal(t, []bool{true}, made)
}

// The first commit after another instance wrote fails: the next ones work.
func TestFailureAfterAnotherInstanceWrote(t *testing.T) {
	url := "sqlite://" + filepath.Join(t.TempDir(), "timers.db")
	older, newer := open(t, url), open(t, url)
	began := epoch(t, newer)
	commit := func(s *sqlitestore.Store, user string, e realtime.Event) error {
		_, err := s.Commit(t.Context(), []realtime.Change{{User: user, After: e.Timer.Seq - 1, Events: []realtime.Event{e}}})
		return err
	}
	require.NoError(t, commit(newer, "ann", event(began+1)))
	require.NoError(t, commit(older, "bob", event(began+1)))
	broken := event(began + 2)
	broken.Timer.Status = "neither"
	require.ErrorContains(t, commit(newer, "ann", broken), "CHECK constraint")
	require.NoError(t, commit(newer, "ann", event(began+2)))
}

// The table of events is bounded.
func TestLongRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timers.db")
	s := open(t, "sqlite://"+path)
	const users, rounds = 100, 110
	began := epoch(t, s)
	for seq := began; seq < began+rounds; seq++ {
		changes := make([]realtime.Change, users)
		for u := range changes {
			changes[u] = realtime.Change{User: fmt.Sprint(u), After: seq, Events: []realtime.Event{event(seq + 1)}}
		}
		made, err := s.Commit(t.Context(), changes)
		require.NoError(t, err)
		require.NotContains(t, made, false)
	}
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	var rows int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM events").Scan(&rows))
	assert.Less(t, rows, 8192+2048)
	assert.GreaterOrEqual(t, rows, 8192)
}

func BenchmarkCommit(b *testing.B) {
	s, err := sqlitestore.Open(b.Context(), "sqlite://"+filepath.Join(b.TempDir(), "timers.db"), slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	defer s.Close()
	for _, size := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("users-%d", size), func(b *testing.B) {
			seq, began := map[string]int64{}, epoch(b, s)
			changes := make([]realtime.Change, size)
			for n := 0; b.Loop(); n++ {
				for u := range changes {
					user := fmt.Sprintf("%d-%d", size, u)
					changes[u] = realtime.Change{User: user, After: began + seq[user], Events: []realtime.Event{event(began + seq[user] + 1)}}
					seq[user]++
				}
				if _, err := s.Commit(b.Context(), changes); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/change")
		})
	}
}
