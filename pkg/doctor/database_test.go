package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/doctor"
)

func TestDatabaseFiles(t *testing.T) {
	folder := t.TempDir()
	database := func(path string) string {
		var got string
		doctor.Run(t.Context(), map[string]string{"DATABASE_URL": "sqlite://" + path}, doctor.Options{}, func(f doctor.Finding) {
			if f.Check == "database" {
				got = string(f.Level) + " " + strings.ReplaceAll(f.Text, folder+"/", "")
			}
		})
		return got
	}
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		return path
	}
	assert.Equal(t, "ok new.db will be made by the first start", database(filepath.Join(folder, "new.db")))
	assert.Equal(t, "ok empty.db can be written", database(write("empty.db", "", 0o644)))
	assert.Equal(t, "ok some.db can be written", database(write("some.db", "SQLite format 3\x00and more", 0o644)))
	assert.Equal(t, "fail notes.txt is no SQLite database: name another file in DATABASE_URL", database(write("notes.txt", "buy milk and bread", 0o644)))
	assert.Equal(t, "fail short is no SQLite database: name another file in DATABASE_URL", database(write("short", "SQLite", 0o644)))
	if os.Geteuid() != 0 {
		assert.Equal(t, "fail mine.db cannot be opened for writing: give it to the server's user", database(write("mine.db", "", 0o400)))
	}
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range left {
		assert.NotContains(t, entry.Name(), "doctor", "nothing is left behind")
	}
}
