package bridge

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// synced is a cache that has just been synced.
type synced struct {
	Cache
	at time.Time
}

func (s synced) Freshness(ctx context.Context) (timercache.Freshness, error) {
	return timercache.Freshness{SyncedAt: s.at}, ctx.Err()
}

// A client that hangs up while the freshness is read for everybody makes it wrong for nobody.
func TestFreshnessOfAClientThatHangsUp(t *testing.T) {
	now := time.Now().UTC()
	var last realtime.Freshness
	f := freshness{cache: synced{at: now}, publish: func(next realtime.Freshness, _ bool) { last = next }}
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	require.NoError(t, f.read(gone, now))
	assert.Equal(t, realtime.Freshness{SyncedAt: &now}, last)
}
