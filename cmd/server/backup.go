package main

import (
	"context"
	"errors"

	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
)

// backUp copies the realtime database to a new file.
func backUp(ctx context.Context, databaseURL, file string) error {
	if databaseURL == "redis" {
		return errors.New("backup: DATABASE_URL is redis, so the timers are in Redis: back up Redis itself")
	}
	return sqlitestore.Backup(ctx, databaseURL, file)
}
