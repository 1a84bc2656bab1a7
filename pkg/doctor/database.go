package doctor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
)

// checkDatabase checks whether realtime state can be stored at DATABASE_URL.
func checkDatabase(ctx context.Context, t *target) []Finding {
	text := t.config.DatabaseURL
	if text == "redis" {
		if _, err := t.redis(); err != nil {
			return only(skip(see))
		}
		return only(ok("in the Redis above, for any number of servers"))
	}
	// In memory: no file is made, and whether the URL is right is all the same.
	path, options, _ := strings.Cut(strings.TrimPrefix(text, "sqlite://"), "?")
	inMemory := "sqlite://:memory:"
	if options != "" {
		inMemory += "?" + options
	}
	store, err := sqlitestore.Open(ctx, inMemory, slog.New(slog.DiscardHandler))
	if err == nil {
		err = store.Close()
	}
	switch {
	case err != nil, path == "" || !strings.HasPrefix(text, "sqlite://"):
		return only(fail("DATABASE_URL must be sqlite://PATH, optionally with ?synchronous=full, or redis"))
	case path == ":memory:":
		return only(warn("in memory: timers that clients started are lost at each restart, so set DATABASE_URL=sqlite://clockwork.db"))
	case t.config.Platform.VercelEnv != "":
		return only(warn("a function's disk cannot be written: set DATABASE_URL=redis if you want realtime"))
	}
	return only(checkFile(path))
}

// sqliteMagic begins every SQLite file (SQLite: Database File Format).
var sqliteMagic = []byte("SQLite format 3\x00")

// checkFile opens an existing database as far as it can without changing it,
// and writes beside it, where SQLite keeps its log.
func checkFile(path string) Finding {
	probe, err := os.CreateTemp(filepath.Dir(path), ".clockwork-doctor-*")
	if err != nil {
		return fail("the folder of %s cannot be written: make it, or give it to the server's user", path)
	}
	_, writeErr := probe.Write(sqliteMagic)
	if err := errors.Join(writeErr, probe.Close(), os.Remove(probe.Name())); err != nil {
		return fail("the folder of %s cannot be written (is the disk full?)", path)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ok("%s will be made by the first start", path)
	case err != nil:
		return fail("%s cannot be opened for writing: give it to the server's user", path)
	}
	defer file.Close()
	head := make([]byte, len(sqliteMagic))
	if n, err := io.ReadFull(file, head); n > 0 && !bytes.Equal(head, sqliteMagic) || n > 0 && err != nil {
		return fail("%s is no SQLite database: name another file in DATABASE_URL", path)
	}
	return ok("%s can be written", path)
}
