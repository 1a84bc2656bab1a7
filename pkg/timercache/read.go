package timercache

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// View is one person's timers as they are now, or everybody's.
type View struct {
	Status
	Timers []timer.Timer // newest first, TillNow as of CachedAt; never nil
	// SeenAs is the key by which events name a timer, by its issue's id, if the
	// issue has moved since the timer was first seen.
	SeenAs map[int64]string
}

// EventKey is the issue key in the id of the events of a timer on the issue.
func (v View) EventKey(issue timer.Issue) string { return about{SeenAs: v.SeenAs}.eventKey(issue) }

// Page is a View whose timers are encoded: most of it is as Redis holds it.
type Page struct {
	Status
	Timers []byte // a JSON array
}

// Status says whose timers are shown, and how old they are.
type Status struct {
	// AccountID is whose timers these are: the account id, the e-mail address
	// if only that is known, or "all".
	AccountID string
	CachedAt  *time.Time // the moment of this view; nil when never synced
	SyncedAt  *time.Time // when the snapshot was fetched; nil when never synced
	Stale     bool       // the snapshot is older than ten minutes
	Degraded  bool       // names are missing because Jira did not answer
	// Unreadable: timers may be missing, because the last snapshot could not read some
	// that may be this person's, or Redis lost a part of what the person runs.
	Unreadable bool
	ETag       string // follows the content, not the clock
}

// Subject names whose timers are read; its zero value is everybody.
type Subject struct {
	AccountID string
	Email     string
}

func (s Subject) userKey() string {
	switch {
	case s.AccountID != "":
		return s.AccountID
	case s.Email != "":
		return timer.NormalizeEmail(s.Email)
	}
	return all
}

// field is the field of the hash of people that leads to the subject.
func (s Subject) field() string {
	if s.AccountID == "" {
		return emailField(s.userKey())
	}
	return s.AccountID
}

// stored is a value whose timers are not decoded.
type stored struct {
	about
	timers []byte
}

// storedOf takes a value apart; ok is false if it does not parse.
func storedOf(raw string) (s stored, ok bool) {
	const head, tail = `{"timers":`, `],"cachedAt":`
	end := strings.LastIndexByte(raw, ']') // of the timers, mostly
	if end >= 0 && !strings.HasPrefix(raw[end:], tail) {
		end = strings.LastIndex(raw, tail)
	}
	if end > 0 && strings.HasPrefix(raw, head) {
		rest := raw[end+len(`],`):]
		var scanned bool
		if s.about, scanned = scanAbout(rest); !scanned {
			scanned = json.Unmarshal([]byte("{"+rest), &s.about) == nil && toUTC(&s.CachedAt)
		}
		if scanned && s.UserKey != "" {
			s.timers = []byte(raw[len(head) : end+1])
			return s, true
		}
	}
	v, ok := decodeValue(raw)
	if !ok {
		return stored{}, false
	}
	s.about = v.about
	s.timers, _ = json.Marshal(v.Timers) // decodeValue has seen that it can be written
	return s, true
}

// Page returns the subject's timers, with one Redis command; a value that Redis
// has evicted costs a second one. The error wraps ErrUnavailable.
func (c *Cache) Page(ctx context.Context, subject Subject) (Page, error) {
	page, _, err := c.read(ctx, subject)
	return page, err
}

// Read is Page with the timers decoded.
func (c *Cache) Read(ctx context.Context, subject Subject) (View, error) {
	page, seen, err := c.read(ctx, subject)
	return page.view(seen, err)
}

// ReadHeld is Read for an account whose HeldKeys have just been read.
func (c *Cache) ReadHeld(ctx context.Context, accountID string, held *Held) (View, error) {
	page, seen, err := c.show(ctx, Subject{AccountID: accountID}, held)
	return page.view(seen, err)
}

func (page Page) view(seen map[int64]string, err error) (View, error) {
	if err != nil {
		return View{}, err
	}
	view := View{Status: page.Status, SeenAs: seen}
	view.Timers, err = decodeTimers(page.Timers)
	return view, err
}

func decodeTimers(encoded []byte) ([]timer.Timer, error) {
	d := decoder{Reader: jsonread.New(string(encoded))}
	timers := d.timers()
	if d.failed || d.End() != nil {
		return nil, fmt.Errorf("%w: the stored timers do not parse", ErrUnavailable)
	}
	return timers, nil
}

func (c *Cache) read(ctx context.Context, subject Subject) (page Page, seen map[int64]string, err error) {
	if subject.userKey() == all {
		page, err = c.everybody(ctx)
		return page, nil, err
	}
	raw, err := c.mget(ctx, HeldKeys(subject.userKey())...)
	if err != nil {
		return Page{}, nil, err
	}
	return c.show(ctx, subject, NewHeld(raw))
}

// show makes a person's page of what Redis held.
func (c *Cache) show(ctx context.Context, subject Subject, held *Held) (page Page, seen map[int64]string, err error) {
	name := subject.userKey()
	state, _ := c.sync.decode(held.sync)
	own, found := storedOf(held.own)
	if found && !state.believes(own.about) {
		found = false
	}
	if !found && state.Epoch != "" && (held.own != "" || !unlisted(held.bucket, state.Epoch, name)) {
		if own, found, state, err = c.fromHash(ctx, subject, state, held.own); err != nil {
			return Page{}, nil, err
		}
	}
	page, err = c.page(subject.userKey(), state, own, found)
	return page, own.SeenAs, err
}

// idleLife is how long it is remembered that somebody whose key was missing runs
// nothing.
const idleLife = 10 * time.Minute

// missingScript looks into the hash of people for one whose own key is missing,
// or a leftover, and writes that key again. An address leads to the account.
//
// KEYS: the person's key, the hash. ARGV: the field, what the key holds, the
// epoch, what to write if the hash lists nobody, and the two lifetimes.
const missingScript = `
local found = redis.call('HMGET', KEYS[2], '@', ARGV[1])
local state, own = found[1], found[2]
if own and string.sub(ARGV[1], 1, 1) == '@' then own = redis.call('HGET', KEYS[2], own) end
if state and string.find(state, '"epoch":"' .. ARGV[3] .. '"', 1, true) and (redis.call('GET', KEYS[1]) or '') == ARGV[2] then
  if own then redis.call('SET', KEYS[1], own, 'EX', ARGV[5]) else redis.call('SET', KEYS[1], ARGV[4], 'EX', ARGV[6]) end
end
return {state or '', own or ''}
`

// fromHash finds the subject in the hash of people. If the hash was lost as
// well, nobody knows what runs, which is as if there had never been a sync: only
// starts and stops since then are found.
func (c *Cache) fromHash(ctx context.Context, subject Subject, state syncState, held string) (own stored, found bool, _ syncState, err error) {
	idle := value{about: about{CachedAt: c.clock(), UserKey: subject.userKey(), Epoch: state.Epoch}}
	reply, err := c.redis.Do(ctx, "EVAL", missingScript, 2, timersPrefix+subject.userKey(), peopleKey,
		subject.field(), held, state.Epoch, idle.encode(), int(valueLife/time.Second), int(idleLife/time.Second))
	if err != nil {
		return own, false, state, fmt.Errorf("%w: look for a missing value: %w", ErrUnavailable, err)
	}
	raw, err := texts(reply, 2)
	if err != nil {
		return own, false, state, err
	}
	if listed, ok := decodeSync(raw[0]); !ok || listed.Epoch != state.Epoch {
		last, parses := storedOf(held)
		if held != "" && !parses {
			return own, false, state, fmt.Errorf("%w: the stored timers do not parse", ErrUnavailable)
		}
		if last.Epoch != unsureEpoch {
			last, _ = storedOf(raw[1])
		}
		return last, last.Epoch == unsureEpoch, syncState{}, nil
	}
	if own, found = storedOf(raw[1]); !found && raw[1] != "" {
		return own, false, state, fmt.Errorf("%w: the stored timers do not parse", ErrUnavailable)
	}
	if own.Epoch == unsureEpoch {
		state = syncState{}
	}
	return own, found, state, nil
}

// page applies the rules of freshness to what was read of one person.
func (c *Cache) page(key string, state syncState, own stored, found bool) (Page, error) {
	now := c.clock()
	synced := state.fresh(now)
	if !synced && found && now.Sub(own.CachedAt) > actLife {
		found = false // a start or stop of moments ago counts without a sync, nothing older does
	}
	page := Page{Status: statusOf(key, state, synced, now), Timers: []byte("[]")}
	if !found {
		page.ETag = page.Tag("0")
		return page, nil
	}
	timers, err := own.split()
	if err != nil {
		return Page{}, err
	}
	page.AccountID, page.CachedAt = own.UserKey, &now
	page.Unreadable = page.Unreadable || synced && state.lacksSomeOf(own.UserKey)
	page.Timers = appendTimers(make([]byte, 0, len(own.timers)+8*len(timers)), timers, now)
	page.Degraded = state.Unnamed && anyUnnamed(page.Timers)
	page.ETag = page.Tag(strconv.FormatInt(own.Version, 10))
	return page, nil
}

// split takes the timers apart. What this version would not have written is
// encoded again first.
func (s *stored) split() ([]canonical, error) {
	timers, ok := split(s.timers)
	if !ok {
		var decoded []timer.Timer
		err := json.Unmarshal(s.timers, &decoded)
		for i := range decoded {
			inUTC(&decoded[i])
		}
		if err == nil {
			s.timers, err = json.Marshal(decoded)
		}
		if timers, ok = split(s.timers); err != nil || !ok {
			return nil, fmt.Errorf("%w: the stored timers do not parse", ErrUnavailable)
		}
	}
	for i := range timers {
		timers[i].cachedAt = s.CachedAt
	}
	return timers, nil
}

// appendTimers appends a JSON array of the timers as they are at now.
func appendTimers(dst []byte, timers []canonical, now time.Time) []byte {
	dst = append(dst, '[')
	for i := range timers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = timers[i].appendAt(dst, now, true)
	}
	return append(dst, ']')
}

func anyUnnamed(encoded []byte) bool {
	var timers []timer.Timer
	return json.Unmarshal(encoded, &timers) == nil && slices.ContainsFunc(timers, Unnamed)
}

func statusOf(key string, state syncState, synced bool, now time.Time) Status {
	s := Status{AccountID: key}
	if synced {
		s.SyncedAt, s.CachedAt = &state.SyncedAt, &now
		s.Stale, s.Unreadable = now.Sub(state.SyncedAt) > staleAge, state.lacksSomeOf(key)
	}
	return s
}

// Unnamed reports whether a timer lacks names that Jira knows.
func Unnamed(t timer.Timer) bool {
	return t.Issue.Summary == "" || t.Author == nil || t.Author.DisplayName == ""
}

// Tag is the ETag of a version of what a client is shown, which the time does not change.
func (s Status) Tag(version string) string {
	switch {
	case s.CachedAt == nil:
		version = "unsynced"
	case s.Stale:
		version += "-stale"
	}
	if s.Degraded {
		version += "-degraded"
	}
	if s.Unreadable {
		version += "-unreadable"
	}
	return `"` + version + `"`
}
