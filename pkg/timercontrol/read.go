package timercontrol

import (
	"cmp"
	"context"
	"fmt"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/jiracache"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Read asks Redis what a start or stop has to know.
type Read struct {
	tokens         []string // the token's HMACs, by the current key first
	issue, account string   // "" if the request names none
	keys           []string // what is read of the tokens, the issue and the account, in that order
}

// Read is what has to be read for a request.
func (c *Control) Read(r Request) *Read {
	q := &Read{tokens: c.Owners.names(r.Token), issue: r.IssueKey, account: r.AccountID}
	q.keys = bindingKeys(q.tokens)
	if q.issue != "" {
		q.keys = append(q.keys, jiracache.IssueKey(q.issue))
	}
	if q.account != "" {
		q.keys = append(append(q.keys, jiracache.UserKey(q.account)), timercache.HeldKeys(q.account)...)
	}
	return q
}

// Command is the MGET.
func (q *Read) Command() []any { return redis.MGet(q.keys) }

// Known is what Redis held when a start or stop came in.
type Known struct {
	Owner timercache.Binding
	Err   error // Redis did not answer: nothing is known

	token     string // its HMAC: an act names the token by it, for the sync that judges the act
	disproved string // the account that was claimed for the token, if a sync has seen that the token belongs to another
	held      *timercache.Held
	of        string // the account that held is about
	issue     string // as package jiracache stores it; "" for nothing
	user      string
}

// Known takes the reply to Command apart.
func (q *Read) Known(reply any, err error) Known {
	var values []string
	if err == nil {
		values, err = redis.Texts(reply, len(q.keys))
	}
	if err != nil {
		return Known{Err: fmt.Errorf("read token owner: %w", err)}
	}
	next := func(n int) (some []string) {
		some, values = values[:n], values[n:]
		return some
	}
	k := Known{token: q.tokens[0], Owner: timercache.ParseBinding(cmp.Or(next(len(q.tokens))...))}
	if k.Owner.Disproved {
		k.disproved, k.Owner = k.Owner.Account, timercache.Binding{}
	}
	if q.issue != "" {
		k.issue = next(1)[0]
	}
	if q.account != "" {
		k.of, k.user, k.held = q.account, next(1)[0], timercache.NewHeld(values)
	}
	return k
}

// known is what the request brought, or what Redis says now.
func (c *Control) known(ctx context.Context, r Request) Known {
	if r.Known != nil {
		return *r.Known
	}
	read := c.Read(r)
	return read.Known(c.Owners.Redis.Do(ctx, read.Command()...))
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
