package panics_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
)

func TestTry(t *testing.T) {
	failed := errors.New("failed")
	require.NoError(t, panics.Try(func() error { return nil }))
	require.ErrorIs(t, panics.Try(func() error { return failed }), failed)
	for name, value := range map[string]any{"text": "marked", "error": failed, "typed-nil": (*int)(nil)} {
		t.Run(name, func(t *testing.T) {
			err := panics.Try(func() error { panic(value) })
			var panicked *panics.Error
			require.ErrorAs(t, err, &panicked)
			assert.Equal(t, value, panicked.Value)
			assert.Contains(t, err.Error(), "panics_test.go", "where it was")
		})
	}
}

func TestGoroutines(t *testing.T) {
	var group errgroup.Group
	group.Go(panics.Guard(func() error { panic("one") }))
	assert.ErrorContains(t, group.Wait(), "panic: one")
	var err error
	panics.Into(&err, func() error { panic("two") })()
	require.ErrorContains(t, err, "panic: two")
	panics.Into(&err, func() error { return nil })()
	require.NoError(t, err)
	var log bytes.Buffer
	panics.Logged(slog.New(slog.NewTextHandler(&log, nil)), "sweep", func() { panic("three") })()
	assert.Contains(t, log.String(), `task=sweep error="panic: three`)
	all := panics.Group{Log: slog.New(slog.NewTextHandler(&log, nil)), Task: "check"}
	all.Go(func() { panic("four") })
	all.Wait()
	assert.Contains(t, log.String(), `task=check error="panic: four`)
}
