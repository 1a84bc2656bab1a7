package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// Backup copies the database that a DATABASE_URL names to a new file with mode 0600. The
// database may be in use. The file appears when it is complete.
//
// Opening the copy renumbers its timers: see restore.
func Backup(ctx context.Context, databaseURL, to string) error {
	name, path, err := dataSource(databaseURL)
	if err != nil {
		return err
	}
	if path == "" {
		return errors.New("the database is in memory: there is no file to back up")
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("back up: %s exists already, name a new file", to)
	}
	file, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".partial-*")
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer os.Remove(file.Name())
	err = errors.Join(copyInto(ctx, name, file.Name()), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), to)
	}
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return nil
}

// copyInto copies a database into an empty file, and marks it as a copy.
func copyInto(ctx context.Context, name, to string) error {
	err := execute(name, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "VACUUM INTO ?", to)
		return err
	})
	if err != nil {
		return err
	}
	return execute(fileName(to, "FULL"), func(db *sql.DB) error {
		if err := migrate(ctx, db); err != nil { // the database may be an older program's
			return err
		}
		if _, err := epoch(ctx, db, time.Now()); err != nil {
			return err
		}
		_, err := db.ExecContext(ctx, "UPDATE epoch SET seq = -seq")
		return err
	})
}

// execute calls what with an open database.
func execute(name string, what func(*sql.DB) error) error {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return err
	}
	return errors.Join(what(db), db.Close())
}

// leastShift is the smallest increase of a restored database's numbers, in case the clock
// is behind the epoch of the copy.
const leastShift = 1_000_000

// restore turns a copy, whose epoch is negative, into a database of its own. Clients may
// know numbers that were used after the copy was made, so the numbers increase by the
// time between the two epochs, in microseconds: more than changes were made.
func restore(ctx context.Context, db *sql.DB, negative int64, now time.Time) error {
	shift := max(realtime.NewEpoch(now)+negative, leastShift)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for _, change := range []struct {
		statement string
		argument  int64
	}{
		{"UPDATE timers SET seq = seq + ?", shift},
		{"UPDATE epoch SET seq = ? - seq", shift},
		{"DELETE FROM events WHERE n >= ?", 0}, // they have the old numbers
	} {
		if _, err := tx.ExecContext(ctx, change.statement, change.argument); err != nil {
			return err
		}
	}
	return tx.Commit()
}
