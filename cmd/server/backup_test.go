package main

import (
	"database/sql"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A second process copies the database of a running server.
func TestBackup(t *testing.T) {
	database := "sqlite://" + filepath.Join(t.TempDir(), "timers.db")
	startServer(t, map[string]string{"DATABASE_URL": database})
	_, environ := world(t, nil)
	backup := func(databaseURL, file string) error {
		return run(t.Context(), []string{"backup", file}, append(environ, "DATABASE_URL="+databaseURL), strings.NewReader(""), io.Discard, io.Discard)
	}
	file := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, backup(database, file))
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer db.Close()
	var tables int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name IN ('timers', 'events', 'epoch')").Scan(&tables))
	assert.Equal(t, 3, tables)
	assert.ErrorContains(t, backup(database, file), "exists already")
	assert.ErrorContains(t, backup("redis", file), "back up Redis itself")
}
