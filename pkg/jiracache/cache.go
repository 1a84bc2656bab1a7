// Package jiracache looks up Jira users and issues and remembers them in Redis,
// also that one was not found. It is a convenience: when Redis does not answer,
// it asks Jira. Callers who lack the same thing at the same time ask Jira once:
// there is one credential for all, so one answer. Redis each asks for themselves.
package jiracache

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/flight"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// Keys and lifetimes (docs/operate.md). Names change rarely, an issue's status
// often; "not found" is kept briefly, since the next person may create it.
const (
	userPrefix  = "jira:user:"
	emailPrefix = "jira:email:"
	issuePrefix = "jira:issue:"

	userLife    = 48 * time.Hour
	issueLife   = time.Hour
	missingLife = time.Minute

	missing = "null" // JSON
)

// UserKey is where a user is remembered by account id.
func UserKey(accountID string) string { return userPrefix + accountID }

// IssueKey is where an issue is remembered by its key or numeric id.
func IssueKey(idOrKey string) string { return issuePrefix + idOrKey }

// DecodeUser and DecodeIssue read what UserKey and IssueKey hold, "" for nothing.
// known reports that Jira has answered, found that this is not "not found".
func DecodeUser(raw string) (user jira.User, found, known bool) { return decode(stored(raw), isUser) }
func DecodeIssue(raw string) (issue jira.Issue, found, known bool) {
	return decode(stored(raw), isIssue)
}

// stored is a text as Redis' reply for it: nil for none.
func stored(raw string) any {
	if raw == "" {
		return nil
	}
	return raw
}

// Redis is what is needed of a Redis client.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
	Pipeline(ctx context.Context, cmds ...[]any) ([]any, error)
}

// Jira is what is needed of the Jira client. A user or issue that is not there,
// or may not be seen, is jira.ErrNotFound, or absent from the map.
type Jira interface {
	User(ctx context.Context, accountID string) (jira.User, error)
	FindUser(ctx context.Context, query string) (jira.User, error)
	Issue(ctx context.Context, idOrKey string) (jira.Issue, error)
	Issues(ctx context.Context, idsOrKeys []string) (map[string]jira.Issue, error)
}

// Cache looks things up; see New.
type Cache struct {
	redis Redis
	jira  Jira
	log   *slog.Logger

	users  flight.Group[jira.User]
	issues flight.Group[jira.Issue]
	bulks  flight.Group[map[string]jira.Issue]
}

// New returns a cache of what client answers, kept in redis.
func New(redis Redis, client Jira, log *slog.Logger) *Cache {
	return &Cache{redis: redis, jira: client, log: log}
}

// User returns the user with an account id, or jira.ErrNotFound.
func (c *Cache) User(ctx context.Context, accountID string) (jira.User, error) {
	return lookUp(ctx, c, users(c, userPrefix+accountID), func(ctx context.Context) (jira.User, error) { return c.jira.User(ctx, accountID) })
}

// UserByEmail returns the user whose address is exactly email, or
// jira.ErrNotFound if there is none or the address is hidden.
func (c *Cache) UserByEmail(ctx context.Context, email string) (jira.User, error) {
	email = timer.NormalizeEmail(email)
	return lookUp(ctx, c, users(c, emailPrefix+email), func(ctx context.Context) (jira.User, error) { return c.jira.FindUser(ctx, email) })
}

// FindUser returns the one user whom a text names, or jira.ErrNotFound. It is
// not remembered: who has a name today may share it tomorrow.
func (c *Cache) FindUser(ctx context.Context, query string) (jira.User, error) {
	return share(ctx, &c.users, "find:"+query, func(ctx context.Context) (jira.User, error) { return c.jira.FindUser(ctx, query) })
}

// Issue returns an issue by its key or numeric id, or jira.ErrNotFound. The key
// must have been checked by the caller: it becomes part of a Redis key.
func (c *Cache) Issue(ctx context.Context, idOrKey string) (jira.Issue, error) {
	return c.IssueIf(ctx, idOrKey, nil)
}

// IssueIf is Issue for a caller who may not make up keys without end: an issue
// that is not in Redis is looked up only if admit returns nil, and else admit's
// error is returned.
func (c *Cache) IssueIf(ctx context.Context, idOrKey string, admit func(context.Context) error) (jira.Issue, error) {
	issues := entry[jira.Issue]{issuePrefix + idOrKey, issueLife, isIssue, issueKeys, &c.issues, admit}
	return lookUp(ctx, c, issues, func(ctx context.Context) (jira.Issue, error) { return c.jira.Issue(ctx, idOrKey) })
}

// entry is where a thing is looked up, and how it is kept.
type entry[T any] struct {
	key   string
	life  time.Duration
	valid func(T) bool
	keys  func(T) []string // that it is to be found under from now on
	group *flight.Group[T]
	admit func(context.Context) error // nil if everybody may have Jira asked
}

func users(c *Cache, key string) entry[jira.User] {
	return entry[jira.User]{key, userLife, isUser, userKeys, &c.users, nil}
}

// A value that parses but names nothing is not one that was written here.
func isUser(u jira.User) bool   { return u.AccountID != "" }
func isIssue(i jira.Issue) bool { return i.ID != "" && i.Key != "" }

func userKeys(u jira.User) []string {
	keys := []string{userPrefix + u.AccountID}
	if u.EmailAddress != "" {
		keys = append(keys, emailPrefix+timer.NormalizeEmail(u.EmailAddress))
	}
	return keys
}

func issueKeys(i jira.Issue) []string { return []string{issuePrefix + i.Key, issuePrefix + i.ID} }

// lookUp answers from Redis, else by fetch. Where Redis did not answer the
// question it is not asked to remember the answer: that would only take longer.
func lookUp[T any](ctx context.Context, c *Cache, e entry[T], fetch func(context.Context) (T, error)) (T, error) {
	reply, unread := c.redis.Do(ctx, "GET", e.key)
	if unread != nil {
		c.log.WarnContext(ctx, "jira cache not read", "error", unread)
	}
	if value, found, known := decode(reply, e.valid); known {
		if !found {
			return value, jira.ErrNotFound
		}
		return value, nil
	}
	if e.admit != nil { // each for themselves, also if they then share the answer
		if err := e.admit(ctx); err != nil {
			var none T
			return none, err
		}
	}
	return share(ctx, e.group, e.key, func(ctx context.Context) (T, error) {
		value, err := fetch(ctx)
		if unread == nil {
			c.keep(ctx, e.key, e.keys(value), value, e.life, err)
		}
		return value, err
	})
}

// keep remembers what a fetch has found, or that there is nothing.
func (c *Cache) keep(ctx context.Context, key string, others []string, value any, life time.Duration, err error) {
	switch {
	case errors.Is(err, jira.ErrNotFound):
		c.write(ctx, map[string]string{key: missing}, missingLife)
	case err == nil:
		if encoded, bad := json.Marshal(value); bad == nil {
			entries := map[string]string{key: string(encoded)}
			for _, k := range others {
				entries[k] = string(encoded)
			}
			c.write(ctx, entries, life)
		}
	}
}

// decode reads what a key holds: known says that it holds something, found that
// this is a value and not the note that there is none. What does not parse is
// looked up and written anew.
func decode[T any](reply any, valid func(T) bool) (value T, found, known bool) {
	var none T
	raw, ok := reply.(string)
	switch {
	case !ok:
		return none, false, false
	case raw == missing:
		return none, false, true
	case json.Unmarshal([]byte(raw), &value) != nil || !valid(value):
		return none, false, false
	}
	return value, true, true
}

// write stores entries in one round trip; a failure costs a lookup later.
func (c *Cache) write(ctx context.Context, entries map[string]string, life time.Duration) {
	if len(entries) == 0 {
		return
	}
	cmds := make([][]any, 0, len(entries))
	for key, value := range entries {
		cmds = append(cmds, []any{"SET", key, value, "EX", int(life / time.Second)})
	}
	if _, err := c.redis.Pipeline(ctx, cmds...); err != nil {
		c.log.WarnContext(ctx, "jira cache not written", "error", err)
	}
}
