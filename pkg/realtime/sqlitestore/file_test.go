package sqlitestore_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
)

// commitEvents commits n changes of a user, one by one.
func commitEvents(t testing.TB, s *sqlitestore.Store, user string, n int) {
	t.Helper()
	state, err := s.Load(t.Context(), user)
	require.NoError(t, err)
	for seq := state.Seq; seq < state.Seq+int64(n); seq++ {
		made, err := s.Commit(t.Context(), []realtime.Change{{User: user, After: seq, Events: []realtime.Event{event(seq + 1)}}})
		require.NoError(t, err)
		require.Equal(t, []bool{true}, made)
	}
}

// sizes gives the files of a folder by name.
func sizes(t testing.TB, dir string) map[string]int64 {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	found := map[string]int64{}
	for _, f := range files {
		info, err := f.Info()
		require.NoError(t, err)
		assert.Equal(t, "-rw-------", info.Mode().String(), f.Name())
		found[f.Name()] = info.Size()
	}
	return found
}

// After a clean stop the file alone is the whole database, and can be copied.
func TestCloseLeavesOneCompleteFile(t *testing.T) {
	for name, query := range map[string]string{"normal": "", "full": "?synchronous=full"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "timers.db")
			for range 3 {
				s, err := sqlitestore.Open(t.Context(), "sqlite://"+path+query, slog.New(slog.DiscardHandler))
				require.NoError(t, err)
				commitEvents(t, s, "ann", 5)
				sizes(t, dir) // for their modes
				require.NoError(t, s.Close())
				assert.Len(t, sizes(t, dir), 1, "no log beside it")
			}
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			copied := filepath.Join(t.TempDir(), "copy.db")
			require.NoError(t, os.WriteFile(copied, content, 0o600))
			state, err := open(t, "sqlite://"+copied).Load(t.Context(), "ann")
			require.NoError(t, err)
			assert.Len(t, state.Recent, 15)
		})
	}
}

// A database that others could read is closed to them, with what is beside it.
func TestOldFileBecomesPrivate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "timers.db")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		require.NoError(t, os.WriteFile(path+suffix, nil, 0o666))
	}
	s := open(t, "sqlite://"+path)
	commitEvents(t, s, "ann", 1)
	assert.Len(t, sizes(t, dir), 3)
}

const killedStore = "TEST_KILLED_STORE"

// commitUntilKilled is the process that TestLogAfterKills kills.
func commitUntilKilled(path string) {
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	s, err := sqlitestore.Open(ctx, "sqlite://"+path, log)
	if err != nil {
		panic(err)
	}
	state, err := s.Load(ctx, "ann")
	if err != nil {
		panic(err)
	}
	for seq := state.Seq; seq < state.Seq+1000; seq++ {
		if _, err := s.Commit(ctx, []realtime.Change{{User: "ann", After: seq, Events: []realtime.Event{event(seq + 1)}}}); err != nil {
			panic(err)
		}
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// A process that is killed again and again, each time before a checkpoint is
// due, leaves a log that is no longer than that of one life.
func TestLogAfterKills(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "timers.db")
	var first int64
	for life := range 6 {
		killed := exec.CommandContext(t.Context(), os.Args[0])
		killed.Env = append(os.Environ(), killedStore+"="+path)
		require.ErrorContains(t, killed.Run(), "killed")
		log := sizes(t, dir)["timers.db-wal"]
		require.Positive(t, log)
		if life == 0 {
			first = log
		}
		assert.LessOrEqual(t, log, first+first/4, "life %d", life)
	}
	s := open(t, "sqlite://"+path)
	state, err := s.Load(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, epoch(t, s)+6000, state.Seq)
}
