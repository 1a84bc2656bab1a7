package timercontrol

import (
	"cmp"
	"context"
	"fmt"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/jiracache"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Known is what Redis held when a start or stop came in.
type Known struct {
	Owner timercache.Binding
	Err   error // Redis did not answer: nothing is known

	owners []string // its records, by the key that wrote them
	// disproved is the account of whom a sync has seen that the token is not theirs.
	disproved string
	held      *timercache.Held
	of        string // the account that held is about
	issue     string // as package jiracache stores it; "" for nothing
	user      string
}

// place is where a part of Known is stored.
type place struct {
	key   string
	value *string
}

// places lists what is read; owners are the keys of the token's owner, and the values
// of HeldKeys come last.
func places(r Request, owners []string, k *Known, held []string) []place {
	var places []place
	k.owners = make([]string, len(owners))
	for i, key := range owners {
		places = append(places, place{key, &k.owners[i]})
	}
	if r.IssueKey != "" {
		places = append(places, place{jiracache.IssueKey(r.IssueKey), &k.issue})
	}
	if r.AccountID != "" {
		places = append(places, place{jiracache.UserKey(r.AccountID), &k.user})
		for i, key := range timercache.HeldKeys(r.AccountID) {
			places = append(places, place{key, &held[i]})
		}
	}
	return places
}

// Reads is the command for what a start or stop has to know from Redis.
func (c *Control) Reads(r Request) []any {
	cmd := []any{"MGET"}
	for _, p := range places(r, c.Owners.keys(r.Token), &Known{}, make([]string, len(timercache.HeldKeys("")))) {
		cmd = append(cmd, p.key)
	}
	return cmd
}

// Known takes the reply to Reads apart.
func (c *Control) Known(r Request, reply any, err error) Known {
	var k Known
	held := make([]string, len(timercache.HeldKeys("")))
	places := places(r, make([]string, len(c.Owners.Keys)), &k, held) // which have the names of the keys, and need none
	if failed, ok := reply.(error); ok {
		err = failed
	}
	items, ok := reply.([]any)
	if err == nil && (!ok || len(items) != len(places)) {
		err = fmt.Errorf("mget answered %T for %d keys", reply, len(places))
	}
	for i := 0; err == nil && i < len(places); i++ {
		if *places[i].value, ok = items[i].(string); !ok && items[i] != nil {
			err = fmt.Errorf("mget answered %T for a key", items[i]) // no text is not no value
		}
	}
	if err != nil {
		return Known{Err: fmt.Errorf("read token owner: %w", err)}
	}
	k.Owner = timercache.ParseBinding(cmp.Or(k.owners...))
	if k.Owner.Disproved {
		k.disproved, k.Owner = k.Owner.Account, timercache.Binding{}
	}
	if r.AccountID != "" {
		k.of, k.held = r.AccountID, timercache.NewHeld(held)
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

// heldBy is what is known of the account's timers; nil if they were not read.
func (k *Known) heldBy(account string) *timercache.Held {
	if k.of != account {
		return nil
	}
	return k.held
}

// jiraIssue is the issue as far as it is remembered; asked reports that Jira need
// not be asked: there is an answer, or it was that there is no such issue.
func (k *Known) jiraIssue() (issue jira.Issue, found, asked bool) {
	return jiracache.DecodeIssue(k.issue)
}

// jiraUser is the same for the person.
func (k *Known) jiraUser(account string) (user jira.User, found, asked bool) {
	if k.of != account {
		return user, false, false
	}
	return jiracache.DecodeUser(k.user)
}
