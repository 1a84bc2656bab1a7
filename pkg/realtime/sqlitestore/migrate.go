package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// migrations bring a database from the version that is their index to the next. PRAGMA
// user_version holds the version. Only append: databases of every version exist.
var migrations = []string{
	`CREATE TABLE timers (
		user_id    TEXT    NOT NULL,
		id         TEXT    NOT NULL,
		status     TEXT    NOT NULL CHECK (status IN ('running', 'stopped')),
		started_at TEXT    NOT NULL, -- RFC 3339, UTC
		updated_at TEXT    NOT NULL, -- likewise
		seq        INTEGER NOT NULL, -- of the last change; the highest is the user's
		issue_key  TEXT    NOT NULL DEFAULT '',
		summary    TEXT    NOT NULL DEFAULT '',
		comment    TEXT    NOT NULL DEFAULT '',
		on_hold    INTEGER NOT NULL DEFAULT 0,
		source     TEXT    NOT NULL,
		PRIMARY KEY (user_id, id)
	) WITHOUT ROWID;
	-- The last changes of all users, for clients that come back. Rows leave in
	-- the order of n. There is no index: they are read once, at the start.
	CREATE TABLE events (
		n       INTEGER PRIMARY KEY,
		user_id TEXT NOT NULL,
		timer   TEXT NOT NULL -- the payload of timer_updated
	);`,
	`CREATE TABLE epoch (seq INTEGER NOT NULL); -- one row: what users start from`,
	`ALTER TABLE timers ADD COLUMN counted_seconds INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE timers ADD COLUMN counted_at TEXT NOT NULL DEFAULT ''; -- RFC 3339, UTC; '' if not known`,
}

func migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(migrations) {
		return fmt.Errorf("the database has version %d, and this program knows %d: a newer program has used it", version, len(migrations))
	}
	if version == len(migrations) {
		return nil // and no write: an instance that is being replaced may hold the lock
	}
	for ; version < len(migrations); version++ {
		if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
			return fmt.Errorf("migration %d: %w", version+1, err)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	return tx.Commit()
}

// epoch is the seq that users start from, chosen when the database was created. In a copy
// by Backup it is negative.
func epoch(ctx context.Context, db *sql.DB, now time.Time) (seq int64, err error) {
	if _, err := db.ExecContext(ctx, "INSERT INTO epoch SELECT ? WHERE NOT EXISTS (SELECT * FROM epoch)", realtime.NewEpoch(now)); err != nil {
		return 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT seq FROM epoch").Scan(&seq)
	return seq, err
}
