package sqlitestore

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime"
)

// A panic in the middle of a commit leaves nothing of it, and the next one works.
func TestPanicInTheMiddle(t *testing.T) {
	s, err := Open(t.Context(), "sqlite://:memory:", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer s.Close()
	state, err := s.Load(t.Context(), "ann")
	require.NoError(t, err)
	change := realtime.Change{User: "ann", After: state.Seq, Events: []realtime.Event{
		realtime.NewEvent(realtime.Timer{ID: "a", UserID: "ann", Status: realtime.Running, Seq: state.Seq + 1, Source: realtime.SourceClient})}}
	commit := func() error {
		_, err := s.Commit(t.Context(), []realtime.Change{change})
		return err
	}
	put := s.writer.put
	s.writer.put = nil
	var panicked *panics.Error
	require.ErrorAs(t, panics.Try(commit), &panicked)
	s.writer.put = put
	require.NoError(t, commit())
	state, err = s.Load(t.Context(), "ann")
	require.NoError(t, err)
	assert.Len(t, state.Recent, 1)
}
