package sqlitestore_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
)

// A copy of a database that is written to has the timers of one moment, in one
// file, and gives none of the numbers again that the database went on to give.
func TestBackup(t *testing.T) {
	url := "sqlite://" + filepath.Join(t.TempDir(), "timers.db")
	s := open(t, url)
	commitEvents(t, s, "ann", 3)
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	writing.Go(func() {
		for ctx.Err() == nil {
			commitEvents(t, s, "bob", 10)
		}
	})
	dir := t.TempDir()
	path := filepath.Join(dir, "a copy?.db")
	err := sqlitestore.Backup(t.Context(), url, path)
	stop()
	writing.Wait()
	require.NoError(t, err)
	assert.Len(t, sizes(t, dir), 1)
	commitEvents(t, s, "ann", 5)
	lost, err := s.Load(t.Context(), "ann")
	require.NoError(t, err)

	restored := filepath.Join(t.TempDir(), "timers.db")
	require.NoError(t, os.Rename(path, restored))
	for range 2 { // the second time it is a database like any other
		copied, err := sqlitestore.Open(t.Context(), "sqlite://"+restored, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		state, err := copied.Load(t.Context(), "ann")
		require.NoError(t, err)
		require.Len(t, state.Timers, 1)
		assert.Equal(t, realtime.Running, state.Timers[0].Status)
		assert.Equal(t, state.Seq, state.Timers[0].Seq)
		assert.Greater(t, state.Seq, lost.Seq)
		assert.Greater(t, epoch(t, copied), lost.Seq)
		assert.Equal(t, epoch(t, copied)+3, state.Seq)
		assert.Empty(t, state.Recent)
		require.NoError(t, copied.Close())
	}
	commitEvents(t, open(t, "sqlite://"+restored), "ann", 1)
}

func TestBackupRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "timers.db")
	s, err := sqlitestore.Open(t.Context(), "sqlite://"+path, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	other := filepath.Join(dir, "other")
	require.NoError(t, os.WriteFile(other, []byte("no database, but long enough to be one"), 0o600))
	for name, tc := range map[string]struct{ url, to, want string }{
		"itself":         {"sqlite://" + path, path, "exists already"},
		"another-file":   {"sqlite://" + path, other, "exists already"},
		"no-folder":      {"sqlite://" + path, filepath.Join(dir, "no", "copy.db"), "no such file"},
		"no-database":    {"sqlite://" + filepath.Join(dir, "wrong.db"), filepath.Join(dir, "copy.db"), "no such file"},
		"not-a-database": {"sqlite://" + other, filepath.Join(dir, "copy.db"), "not a database"},
		"memory":         {"sqlite://:memory:", filepath.Join(dir, "copy.db"), "in memory"},
		"redis":          {"redis", filepath.Join(dir, "copy.db"), "DATABASE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, sqlitestore.Backup(t.Context(), tc.url, tc.to), tc.want)
			files, err := filepath.Glob(filepath.Join(dir, "*"))
			require.NoError(t, err)
			assert.Len(t, files, 2, "it leaves nothing")
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err = sqlitestore.Backup(ended, "sqlite://"+path, filepath.Join(dir, "copy.db"))
	assert.ErrorIs(t, err, context.Canceled)
}
