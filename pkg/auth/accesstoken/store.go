package accesstoken

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/credential"
	"github.com/clockwork-timer/backend/pkg/redis"
)

// Errors of personal tokens.
var (
	// ErrUnknown means that the token was never issued, has expired or was revoked.
	ErrUnknown = errors.New("the personal access token is not known")
	// ErrTooMany means that the person has MaxTokens already.
	ErrTooMany = errors.New("the person has as many tokens as are allowed")
)

// Bounds of a token.
const (
	MaxTokens   = 20 // for each person
	DefaultDays = 90
	MaxDays     = 365
)

// Scope is what a token may do.
type Scope string

// The scopes. Write includes Read, and Admin includes both.
const (
	Read     Scope = "read"
	Write    Scope = "write"
	Admin    Scope = "admin"
	Calendar Scope = "calendar" // the calendar feed and nothing else
)

// Token is what is stored of a personal access token: never its text.
type Token struct {
	ID        string    `json:"-"`
	UserID    string    `json:"user"`
	AccountID string    `json:"account,omitempty"`
	Email     string    `json:"email,omitempty"`
	Provider  string    `json:"provider,omitempty"` // who vouched for the person when they made it
	Scope     Scope     `json:"scope"`
	Name      string    `json:"name"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"ends"`
	UsedOn    string    `json:"used,omitempty"` // a day in UTC, such as 2026-11-29
}

// Store holds personal access tokens in Redis.
type Store struct {
	index credential.Index
	now   func() time.Time

	mu    sync.Mutex
	known map[string]Token // by id, as it was when it was last read
}

// maxKnown bounds how many tokens a process remembers.
const maxKnown = 8192

// New returns a store over that Redis.
func New(redis credential.Redis, now func() time.Time) *Store {
	return &Store{index: credential.Index{Redis: redis, Set: "clockwork:pats:", Record: recordKey}, now: now, known: map[string]Token{}}
}

// Create issues a token and returns its text, which is not stored. It costs four
// commands. The error for one token too many is ErrTooMany.
func (s *Store) Create(ctx context.Context, in Token, days int) (Token, string, error) {
	held, err := s.List(ctx, in.UserID)
	if err != nil {
		return Token{}, "", err
	}
	if len(held) >= MaxTokens {
		return Token{}, "", ErrTooMany
	}
	prefix := Prefix
	if in.Scope == Calendar {
		prefix = CalendarPrefix
	}
	text := newText(prefix)
	life := time.Duration(days) * 24 * time.Hour
	in.Created = s.now().UTC().Truncate(time.Second)
	in.Expires, in.ID = in.Created.Add(life), idOf(text)
	record, err := json.Marshal(in)
	if err != nil {
		return Token{}, "", fmt.Errorf("encode personal token: %w", err)
	}
	set := []any{"SET", recordKey + in.ID, string(record), "EX", int64(life / time.Second)}
	if err := s.index.Add(ctx, in.UserID, in.ID, MaxDays*24*60*60, set); err != nil {
		return Token{}, "", fmt.Errorf("store personal token: %w", err)
	}
	return in, text, nil
}

// Find returns the token of that text, or ErrUnknown. A text that cannot be a
// token costs no command, any other one.
func (s *Store) Find(ctx context.Context, text string) (Token, error) {
	if !wellFormed(text) {
		return Token{}, ErrUnknown
	}
	reply, err := s.index.Redis.Do(ctx, "GET", recordKey+idOf(text))
	if err != nil {
		return Token{}, fmt.Errorf("read personal token: %w", err)
	}
	return s.Check(idOf(text), reply)
}

// Known returns the token of that text as it was when this process last read it. It
// costs no command. Whose a token is never changes, but it may be revoked since: what
// Redis holds under its Key has to be checked before the answer.
func (s *Store) Known(text string) (Token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.known[idOf(text)]
	return t, ok
}

// Key is where the token's record is stored.
func (t Token) Key() string { return recordKey + t.ID }

// Check returns the token by what Redis holds under its key, or ErrUnknown.
func (s *Store) Check(id string, record any) (Token, error) {
	found, ok := decode(id, record)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok || !s.now().Before(found.Expires) {
		delete(s.known, id)
		return Token{}, ErrUnknown
	}
	s.known[id] = found
	for other := range s.known {
		if len(s.known) <= maxKnown {
			break
		}
		if other != id {
			delete(s.known, other)
		}
	}
	return found, nil
}

// UsedToday reports whether the token's last use that was stored is of today.
func (s *Store) UsedToday(t Token) bool { return t.UsedOn == s.today() }

func (s *Store) today() string { return s.now().UTC().Format(time.DateOnly) }

// MarkUsed stores the day of a token's use.
func (s *Store) MarkUsed(ctx context.Context, t Token) error {
	t.UsedOn = s.today()
	record, err := json.Marshal(t)
	if err == nil {
		// XX and KEEPTTL: a token that was revoked meanwhile stays revoked.
		_, err = s.index.Redis.Do(ctx, "SET", recordKey+t.ID, string(record), "XX", "KEEPTTL")
	}
	if err != nil {
		return fmt.Errorf("store last use of personal token: %w", err)
	}
	return nil
}

// List returns the person's tokens, the newest first. It costs two commands, and
// one more if some have expired since the last list.
func (s *Store) List(ctx context.Context, userID string) ([]Token, error) {
	entries, err := s.index.Entries(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("list personal tokens: %w", err)
	}
	var found []Token
	for _, e := range entries {
		if t, ok := decode(e.ID, e.Text); ok && t.UserID == userID {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b Token) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID)) })
	return found, nil
}

// Revoke ends a token of the person and says whether there was one.
func (s *Store) Revoke(ctx context.Context, userID, id string) (bool, error) {
	if raw, err := hex.DecodeString(id); err != nil || len(raw) != 16 {
		return false, nil
	}
	reply, err := s.index.Redis.Do(ctx, "GET", recordKey+id)
	if err != nil {
		return false, fmt.Errorf("read personal token: %w", err)
	}
	if t, ok := decode(id, reply); !ok || t.UserID != userID {
		return false, nil
	}
	if err := s.index.Remove(ctx, userID, id); err != nil {
		return false, fmt.Errorf("revoke personal token: %w", err)
	}
	return true, nil
}

// Revoked returns those of the ids whose token does not exist any more. It costs one
// command.
func (s *Store) Revoked(ctx context.Context, ids []string) ([]string, error) {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = recordKey + id
	}
	records, err := redis.GetAll(ctx, s.index.Redis, keys)
	if err != nil {
		return nil, fmt.Errorf("look for revoked personal tokens: %w", err)
	}
	var revoked []string
	for i, id := range ids {
		if records[i] == "" {
			revoked = append(revoked, id)
		}
	}
	return revoked, nil
}

// RevokeAll ends all tokens of the person and returns their ids.
func (s *Store) RevokeAll(ctx context.Context, userID string) ([]string, error) {
	ids, err := s.index.IDs(ctx, userID)
	if err == nil && len(ids) > 0 {
		err = s.index.Remove(ctx, userID, ids...)
	}
	if err != nil {
		return nil, fmt.Errorf("revoke personal tokens: %w", err)
	}
	return ids, nil
}

// decode takes a record that cannot be read for no token.
func decode(id string, reply any) (Token, bool) {
	text, _ := reply.(string)
	var t Token
	if text == "" || json.Unmarshal([]byte(text), &t) != nil || t.UserID == "" {
		return Token{}, false
	}
	t.ID = id
	return t, true
}
