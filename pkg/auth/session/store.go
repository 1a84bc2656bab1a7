package session

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/credential"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// Errors of a session.
var (
	// ErrNone means that what was presented is no refresh token of ours. It costs
	// no command.
	ErrNone = errors.New("no refresh token")
	// ErrEnded means that the session has ended: by a logout, by its age, or
	// because an old token was used again.
	ErrEnded = errors.New("the session has ended")
)

// How long a session lives.
const (
	IdleLife = 7 * 24 * time.Hour  // without a refresh
	FullLife = 30 * 24 * time.Hour // in all
	// Grace is how long the token before the current one still works, for a
	// client whose answer got lost and for tabs that refresh together.
	Grace = time.Minute
)

// Session is one sign-in of one person on one device.
type Session struct {
	ID        string    `json:"-"`
	UserID    string    `json:"user"`
	AccountID string    `json:"account,omitempty"`
	Email     string    `json:"email,omitempty"`
	Role      string    `json:"role,omitempty"`
	Kind      Kind      `json:"kind"`
	Label     string    `json:"label,omitempty"`    // the device, as its User-Agent says
	Provider  string    `json:"provider,omitempty"` // who vouched: password, atlassian, oidc
	Created   time.Time `json:"created"`
	Used      time.Time `json:"used"` // of the last refresh, for the list alone
	Ends      time.Time `json:"ends"` // at FullLife, whatever happens
	// Checked is when Jira last said that the person's account is active.
	Checked time.Time `json:"checked,omitzero"`

	Counter uint32 `json:"n"`
	// Life is the lifetime in seconds that the key got with its last refresh.
	// What is left of it tells how long ago that was, by Redis' clock.
	Life int64 `json:"life"`
}

// Store issues refresh tokens and keeps their sessions.
type Store struct {
	index  credential.Index
	signer signer
	now    func() time.Time
}

// New returns a store whose tokens are signed with the first of the secrets and
// accepted with any.
func New(redis credential.Redis, secrets []string, now func() time.Time) (*Store, error) {
	s, err := newSigner(secrets)
	if err != nil {
		return nil, fmt.Errorf("derive the key of refresh tokens: %w", err)
	}
	return &Store{credential.Index{Redis: redis, Set: "clockwork:sessions:", Record: recordKey}, s, now}, nil
}

// Begin stores a new session and returns its first token. It costs three
// commands.
func (s *Store) Begin(ctx context.Context, in Session) (Session, string, error) {
	id := make([]byte, idSize)
	_, _ = rand.Read(id) // never fails
	now := s.now().UTC().Truncate(time.Second)
	in.ID, in.Counter = base64.RawURLEncoding.EncodeToString(id), 1
	in.Created, in.Used, in.Ends = now, now, now.Add(FullLife)
	set, err := s.write(&in, now)
	if err != nil {
		return Session{}, "", err
	}
	if err := s.index.Add(ctx, in.UserID, in.ID, int64(FullLife/time.Second), set); err != nil {
		return Session{}, "", fmt.Errorf("store session: %w", err)
	}
	token, err := s.signer.sign(claim{in.Kind, in.ID, in.Counter})
	return in, token, err
}

// Refresh uses up a token and returns its session with the token's successor.
// update may change who the person is since then, or return false if nobody may
// sign in as them any more. It costs two commands.
//
// The successor is a function of the token, so tabs that refresh at the same
// moment all get the same one and none of them is "the thief". A token older
// than the one before, or one that comes after Grace, is: the session ends.
func (s *Store) Refresh(ctx context.Context, kind Kind, token string, update func(*Session) bool) (Session, string, error) {
	presented, ok := s.signer.parse(token)
	if !ok || presented.kind != kind {
		return Session{}, "", ErrNone
	}
	current, err := s.get(ctx, presented.id)
	if err != nil {
		return Session{}, "", err
	}
	switch now := s.now().UTC().Truncate(time.Second); {
	case !now.Before(current.Ends), !update(&current):
		return Session{}, "", s.reject(ctx, current)
	case presented.counter >= current.Counter:
		current.Counter, current.Used = presented.counter+1, now
		if err := s.replace(ctx, &current, now); err != nil {
			return Session{}, "", err
		}
	default:
		fresh, err := s.refreshedWithin(ctx, current, Grace)
		if err != nil {
			return Session{}, "", err
		}
		if !fresh || presented.counter+1 != current.Counter {
			return Session{}, "", s.reject(ctx, current)
		}
	}
	next, err := s.signer.sign(claim{kind, current.ID, current.Counter})
	return current, next, err
}

// ID is the id of the session that a token was issued for; false for a forged token. It
// costs no command.
func (s *Store) ID(kind Kind, token string) (string, bool) {
	presented, ok := s.signer.parse(token)
	return presented.id, ok && presented.kind == kind
}

// Check returns the session of a token without using the token up.
func (s *Store) Check(ctx context.Context, kind Kind, token string) (Session, error) {
	presented, ok := s.signer.parse(token)
	if !ok || presented.kind != kind {
		return Session{}, ErrNone
	}
	current, err := s.get(ctx, presented.id)
	if err == nil && (presented.counter+1 < current.Counter || !s.now().Before(current.Ends)) {
		err = ErrEnded
	}
	return current, err
}

// replace stores a session that still exists: XX lets a logout that came between
// win.
func (s *Store) replace(ctx context.Context, current *Session, now time.Time) error {
	set, err := s.write(current, now)
	if err != nil {
		return err
	}
	reply, err := s.index.Redis.Do(ctx, append(set, "XX")...)
	switch {
	case err != nil:
		return fmt.Errorf("store refreshed session: %w", err)
	case reply == nil:
		return ErrEnded
	}
	return nil
}

// write returns the command that stores a session, with the rest of its life.
func (s *Store) write(in *Session, now time.Time) ([]any, error) {
	in.Life = int64(min(IdleLife, in.Ends.Sub(now)) / time.Second)
	record, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode session: %w", err)
	}
	return []any{"SET", recordKey + in.ID, string(record), "EX", in.Life}, nil
}

func (s *Store) get(ctx context.Context, id string) (Session, error) {
	reply, err := s.index.Redis.Do(ctx, "GET", recordKey+id)
	if err != nil {
		return Session{}, fmt.Errorf("read session: %w", err)
	}
	return decode(id, reply)
}

// decode takes a record that cannot be read for one that has ended: the person
// signs in again.
func decode(id string, reply any) (Session, error) {
	text, _ := reply.(string)
	var found Session
	if text == "" || json.Unmarshal([]byte(text), &found) != nil || found.UserID == "" {
		return Session{}, ErrEnded
	}
	found.ID, found.Email = id, timer.NormalizeEmail(found.Email)
	return found, nil
}

// refreshedWithin says by Redis' clock whether the last refresh is that recent.
func (s *Store) refreshedWithin(ctx context.Context, current Session, d time.Duration) (bool, error) {
	reply, err := s.index.Redis.Do(ctx, "PTTL", recordKey+current.ID)
	if err != nil {
		return false, fmt.Errorf("read session's lifetime: %w", err)
	}
	left, ok := reply.(int64)
	age := time.Duration(current.Life)*time.Second - time.Duration(left)*time.Millisecond
	return ok && left > 0 && age <= d, nil
}

// reject ends a session and returns ErrEnded, or why it could not be ended.
func (s *Store) reject(ctx context.Context, current Session) error {
	if err := s.remove(ctx, current.UserID, current.ID); err != nil {
		return err
	}
	return ErrEnded
}

// recordKey is what the key of a session begins with; its id follows.
const recordKey = "clockwork:session:"
