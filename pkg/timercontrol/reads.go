package timercontrol

import (
	"context"
	"fmt"

	"github.com/clockwork-timer/backend/pkg/jiracache"
)

// Keys that package timercache writes.
const (
	syncKey      = "clockwork:sync"
	timersPrefix = "clockwork:timers:"
)

// Known is what Redis held when a start or stop came in, as it was stored: ""
// for nothing.
type Known struct {
	Owner  string // the token's account
	Sync   string
	Timers string // of the account that the request names
	Issue  string
	User   string // the account that the request names
	Err    error  // Redis did not answer: nothing is known
}

// place is where a part of Known is stored.
type place struct {
	key   string
	value *string
}

func (c *Control) places(r Request, k *Known) []place {
	places := []place{{c.Owners.key(r.Token), &k.Owner}, {syncKey, &k.Sync}}
	if r.AccountID != "" {
		places = append(places, place{timersPrefix + r.AccountID, &k.Timers}, place{jiracache.UserKey(r.AccountID), &k.User})
	}
	if r.IssueKey != "" {
		places = append(places, place{jiracache.IssueKey(r.IssueKey), &k.Issue})
	}
	return places
}

// Reads is the command for what a start or stop has to know from Redis.
func (c *Control) Reads(r Request) []any {
	cmd := []any{"MGET"}
	for _, p := range c.places(r, &Known{}) {
		cmd = append(cmd, p.key)
	}
	return cmd
}

// Known takes the reply to Reads apart.
func (c *Control) Known(r Request, reply any, err error) Known {
	var k Known
	places := c.places(r, &k)
	if failed, ok := reply.(error); ok {
		err = failed
	}
	items, ok := reply.([]any)
	if err == nil && (!ok || len(items) != len(places)) {
		err = fmt.Errorf("mget answered %T for %d keys", reply, len(places))
	}
	if err != nil {
		return Known{Err: fmt.Errorf("read token owner: %w", err)}
	}
	for i, p := range places {
		*p.value, _ = items[i].(string)
	}
	return k
}

// known is what the request brought, or what Redis says now.
func (c *Control) known(ctx context.Context, r Request) Known {
	if r.Known != nil {
		return *r.Known
	}
	reply, err := c.Owners.Redis.Do(ctx, c.Reads(r)...)
	return c.Known(r, reply, err)
}
