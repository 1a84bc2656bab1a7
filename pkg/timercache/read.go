package timercache

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// View is one user's timers as they are now.
type View struct {
	// AccountID is whose timers these are: the account id, the e-mail address
	// where only that is known, or "all".
	AccountID string
	Timers    []timer.Timer // newest first, TillNow as of CachedAt; never nil
	CachedAt  *time.Time    // the moment of this view; nil when never synced
	SyncedAt  *time.Time    // when the snapshot was fetched; nil when never synced
	Stale     bool          // the snapshot is older than ten minutes
	Degraded  bool          // names are missing because Jira did not answer
	ETag      string        // follows the content, not the clock
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

// Read returns the subject's timers, with one Redis command.
func (c *Cache) Read(ctx context.Context, subject Subject) (View, error) {
	key := subject.userKey()
	raw, err := c.mget(ctx, syncKey, timersPrefix+key)
	if err != nil {
		return View{}, err
	}
	own, ok := decodeValue(raw[1])
	if raw[1] != "" && !ok {
		return c.readFromAll(ctx, subject, raw[0])
	}
	return c.view(key, raw[0], own, ok), nil
}

// readFromAll serves a user whose own value does not parse: everybody's value
// holds the same timers.
func (c *Cache) readFromAll(ctx context.Context, subject Subject, rawSync string) (View, error) {
	raw, err := c.mget(ctx, allKey)
	if err != nil {
		return View{}, err
	}
	everybody, ok := decodeValue(raw[0])
	state, _ := decodeSync(rawSync, c.clock())
	if !ok || subject.userKey() == all || everybody.Version < state.Floor {
		return View{}, fmt.Errorf("%w: the stored timers do not parse", ErrUnavailable)
	}
	own := value{Timers: []timer.Timer{}, CachedAt: everybody.CachedAt, UserKey: subject.userKey(), Version: everybody.Version}
	for _, t := range everybody.Timers {
		if t.RunningFor == subject.AccountID || (subject.AccountID == "" && emailOf([]timer.Timer{t}) == subject.userKey()) {
			own.Timers = append(own.Timers, t)
			own.UserKey = t.RunningFor
		}
	}
	return c.view(subject.userKey(), rawSync, own, true), nil
}

// view applies the rules of freshness to what was read.
func (c *Cache) view(key, rawSync string, own value, found bool) View {
	now := c.clock()
	state, synced := decodeSync(rawSync, now)
	if found && own.Version < state.Floor {
		found = false
	}
	if key == all && !found {
		synced = false // every snapshot writes this list: it was lost, which does not mean that nobody runs anything
	}
	if !synced && found && now.Sub(own.CachedAt) > fenceLife {
		found = false // a start or stop of moments ago counts without a sync, nothing older does
	}
	view := View{AccountID: key, Timers: []timer.Timer{}, ETag: `"unsynced"`}
	if synced {
		view.SyncedAt, view.CachedAt = &state.SyncedAt, &now
		view.Stale = now.Sub(state.SyncedAt) > staleAge
		view.ETag = view.etag(0)
	}
	if found {
		view.AccountID, view.CachedAt = own.UserKey, &now
		view.Timers = timer.Advance(own.Timers, own.CachedAt, now)
		view.Degraded = state.Unnamed && slices.ContainsFunc(view.Timers, Unnamed)
		view.ETag = view.etag(own.Version)
	}
	return view
}

// Unnamed reports whether a timer lacks what Jira could tell of it.
func Unnamed(t timer.Timer) bool {
	return t.Issue.Summary == "" || t.Author == nil || t.Author.DisplayName == ""
}

// etag names what a client is shown, but for the time.
func (v View) etag(version int64) string {
	tag := strconv.FormatInt(version, 10)
	if v.Stale {
		tag += "-stale"
	}
	if v.Degraded {
		tag += "-degraded"
	}
	return `"` + tag + `"`
}
