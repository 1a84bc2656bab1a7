// Package sqlitestore keeps realtime timers in one SQLite file, for a single instance. The
// driver is pure Go.
//
// A commit is in the write-ahead log before it is broadcast. With synchronous=NORMAL, the
// default, it survives any end of the process, but a power cut may lose the last moments.
// With ?synchronous=full it survives that too, and costs one fsync.
package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	db  *sql.DB
	log *slog.Logger

	mu      sync.Mutex // held for a write, and for a read of what is written
	writer  *writer
	history history

	checkpoints checkpoints
}

// Open opens or makes the database that a DATABASE_URL names: sqlite://PATH,
// or sqlite://:memory: for one that ends with the process. Close it when done.
func Open(ctx context.Context, databaseURL string, log *slog.Logger) (*Store, error) {
	name, path, err := dataSource(databaseURL)
	if err != nil {
		return nil, err
	}
	if path != "" {
		if err := makePrivate(path, log); err != nil {
			return nil, fmt.Errorf("prepare SQLite database: %w", err)
		}
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	if path == "" {
		db.SetMaxOpenConns(1) // each connection would have its own database
	}
	s := &Store{db: db, log: log}
	if err := s.prepare(ctx, path != ""); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare SQLite database: %w", err), db.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context, file bool) error {
	if err := migrate(ctx, s.db); err != nil {
		return err
	}
	now := time.Now()
	began, err := epoch(ctx, s.db, now)
	if err != nil {
		return err
	}
	if began < 0 {
		if err := restore(ctx, s.db, began, now); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	unreadable, err := s.history.load(ctx, s.db)
	if err != nil {
		return err
	}
	if unreadable != nil {
		s.log.Error("sqlite: changes that cannot be read were left out", "first_error", unreadable)
	}
	if s.writer, err = newWriter(ctx, s.db, s.history.last); err != nil {
		return err
	}
	if file {
		s.checkpoints.start(s)
	}
	return nil
}

// makePrivate creates the database file with mode 0600, or removes others' permissions
// from an existing one. SQLite gives its other files the same mode.
func makePrivate(path string, log *slog.Logger) error {
	// An existing file must not be opened: closing it would end SQLite's locks.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		return file.Close()
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || info.Mode()&0o077 == 0 {
			continue
		}
		if err := os.Chmod(name, info.Mode()&^0o077); err != nil {
			log.Warn("others on this machine can open the realtime database", "error", err)
		}
	}
	return nil
}

// dataSource returns the driver's name of the database, and the path of its file, "" if
// it is in memory.
func dataSource(databaseURL string) (name, path string, err error) {
	rest, ok := strings.CutPrefix(databaseURL, "sqlite://")
	path, query, _ := strings.Cut(rest, "?")
	options, queryErr := url.ParseQuery(query)
	synchronous := cmp.Or(strings.ToUpper(options.Get("synchronous")), "NORMAL")
	if !ok || path == "" || queryErr != nil || (synchronous != "NORMAL" && synchronous != "FULL") {
		return "", "", errors.New("DATABASE_URL must be sqlite://PATH, optionally with ?synchronous=full")
	}
	if path == ":memory:" {
		return path, "", nil
	}
	return fileName(path, synchronous), path, nil
}

// fileName is the driver's name of a database file.
func fileName(path, synchronous string) string {
	pragmas := url.Values{"_pragma": {"busy_timeout(5000)", "synchronous(" + synchronous + ")", "wal_autocheckpoint(0)", "journal_mode(WAL)"}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()
}

// Load reads a user's timers.
func (s *Store) Load(ctx context.Context, user string) (realtime.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, err := s.writer.read(ctx, user)
	if err != nil {
		return realtime.State{}, fmt.Errorf("read timers: %w", err)
	}
	state.Recent = s.history.of(user, state.Seq)
	return state, nil
}

// Commit writes the changes in one transaction. An error leaves nothing of it.
func (s *Store) Commit(ctx context.Context, changes []realtime.Change) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	made, err := s.writer.commit(ctx, changes)
	if err != nil {
		return nil, fmt.Errorf("write timers: %w", err)
	}
	events := 0
	for i := range changes {
		if made[i] {
			s.history.add(changes[i].User, changes[i].Events)
			events += len(changes[i].Events)
		}
	}
	s.checkpoints.due(events)
	return made, nil
}

// Close closes the database. SQLite then moves all of the log into the file and
// deletes it, unless another process has the database open.
func (s *Store) Close() error {
	s.checkpoints.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.writer.close(), s.db.Close())
}
