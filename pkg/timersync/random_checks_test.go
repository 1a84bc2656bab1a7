package timersync_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox"
)

// storedValue is what a key of timers holds.
type storedValue struct {
	Timers  []timer.Timer `json:"timers"`
	Version int64         `json:"version"`
	Epoch   string        `json:"epoch"`
	Email   string        `json:"email"` // under which it is stored too
}

// look reads every key at one moment. Whatever goes on, they agree: what is
// shown of a person by account, by e-mail and among all are the same timers.
func (g *randomRun) look() error {
	people := g.box.People()
	keys := []string{"clockwork:sync"}
	for _, p := range people {
		keys = append(keys, "clockwork:timers:"+p.AccountID, "clockwork:timers:"+timer.NormalizeEmail(p.Email))
	}
	var values *goredis.SliceCmd
	var listed *goredis.MapStringStringCmd
	_, err := g.rdb.TxPipelined(context.Background(), func(tx goredis.Pipeliner) error {
		values = tx.MGet(context.Background(), keys...)
		listed = tx.HGetAll(context.Background(), "clockwork:timers:all")
		return nil
	})
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.looks++
	g.mu.Unlock()
	return g.agree(people, values.Val(), listed.Val())
}

func (g *randomRun) agree(people []sandbox.Person, raw []any, listed map[string]string) error {
	var state struct{ Epoch string }
	if text, _ := raw[0].(string); text == "" || text != listed["@"] || json.Unmarshal([]byte(text), &state) != nil {
		return nil // Redis has lost it, and no snapshot has come since
	}
	var all []timer.Timer
	for field, text := range listed {
		if !strings.HasPrefix(field, "@") {
			one, _ := decodeStored(text, "")
			all = append(all, one.Timers...)
		} else if one, ok := decodeStored(listed[text], ""); ok && field != "@"+one.Email {
			return fmt.Errorf("%s leads to %s, whose value names %q: the next change would leave the address behind", field, text, one.Email)
		}
	}
	g.moments.see(all)
	groups := timer.ByAccount(all)
	for i, p := range people {
		own, ok := decodeStored(raw[1+2*i], state.Epoch)
		if got, want := contents(own.Timers), contents(groups[p.AccountID]); ok && got != want {
			return fmt.Errorf("%s has %s and among all %s", p.DisplayName, got, want)
		}
		byMail, ok := decodeStored(raw[2+2*i], state.Epoch)
		if got, want := contents(byMail.Timers), contents(groups[p.AccountID]); ok && got != want {
			return fmt.Errorf("%s has %s by e-mail (version %d) and %s among all", p.DisplayName, got, byMail.Version, want)
		}
	}
	return nil
}

// decodeStored reads a value; ok is false if it is missing, or of another epoch
// than the given one: then readers look into the hash.
func decodeStored(raw any, epoch string) (v storedValue, ok bool) {
	text, _ := raw.(string)
	if json.Unmarshal([]byte(text), &v) != nil || epoch != "" && v.Epoch != epoch {
		return storedValue{}, false
	}
	return v, true
}

// contents is what timers say, but for the clock.
func contents(timers []timer.Timer) string {
	var all strings.Builder
	for _, t := range timers {
		fmt.Fprintf(&all, "[%d %s %s %v]", t.ID, t.Issue.Key, text(t.Comment), t.WithinWorkingHours)
	}
	return all.String()
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// moments are all states that Clockwork has been in, of the people who are
// moved only there, and those that readers saw.
type moments struct {
	w    *world
	only map[string]bool
	mu   sync.Mutex
	was  map[uint64]bool
	seen map[uint64]string
}

func newMoments(w *world) *moments {
	m := &moments{w: w, only: map[string]bool{}, was: map[uint64]bool{}, seen: map[uint64]string{}}
	for i, p := range w.box.People() {
		m.only[p.AccountID] = i%2 == 0
	}
	m.change(func() {})
	return m
}

// change makes one change upstream and notes the moment after it.
func (m *moments) change(act func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	act()
	hash, _ := m.hash(m.w.box.RunningTimers())
	m.was[hash] = true
}

// see notes what a reader saw; verify looks whether it ever was.
func (m *moments) see(timers []timer.Timer) {
	hash, said := m.hash(timers)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[hash] = said
}

func (m *moments) hash(timers []timer.Timer) (uint64, string) {
	var own []timer.Timer
	for _, t := range timers {
		if m.only[t.RunningFor] {
			own = append(own, t)
		}
	}
	timer.SortNewestFirst(own)
	said := contents(own)
	h := fnv.New64a()
	_, _ = h.Write([]byte(said))
	return h.Sum64(), said
}

func (m *moments) verify() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for hash, said := range m.seen {
		if !m.was[hash] {
			return fmt.Errorf("a reader saw what never was at one moment: %s", said)
		}
	}
	clear(m.seen)
	return nil
}

// replay is a client that knows nothing but the events.
type replay struct {
	w       *world
	ch      <-chan *goredis.Message
	state   map[string]map[string]shownTimer // by account and the event's id
	applied int
	heard   []string // since the last comparison
	asked   int
}

// shownTimer is a timer as events tell of it.
type shownTimer struct {
	Issue   string
	Started time.Time
	Comment string
	OnHold  bool
}

const barrier = "clockwork:events:barrier"

func listen(w *world) *replay {
	sub := w.rdb.PSubscribe(context.Background(), "clockwork:events:*")
	_, err := sub.Receive(context.Background())
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = sub.Close() })
	return &replay{w: w, ch: sub.Channel(goredis.WithChannelSize(100_000), goredis.WithChannelSendTimeout(time.Minute)), state: map[string]map[string]shownTimer{}}
}

func (r *replay) count() int { return r.applied }

// agree applies what was published until now and compares with the truth. A
// Redis that lost everything has also forgotten what it told: then it begins anew.
func (r *replay) agree(lost bool, mayStop map[string]bool) error {
	r.asked++
	if err := r.w.rdb.Publish(context.Background(), barrier, r.asked).Err(); err != nil {
		return err
	}
	var invalid error
	for m := range r.ch {
		if m.Channel == barrier {
			break
		}
		events, err := timercache.Events(m.Payload)
		for _, event := range events {
			err = cmp.Or(err, r.apply(event, mayStop))
		}
		invalid = cmp.Or(invalid, err)
	}
	want := map[string]map[string]shownTimer{}
	for _, t := range r.w.box.RunningTimers() {
		if want[t.RunningFor] == nil {
			want[t.RunningFor] = map[string]shownTimer{}
		}
		want[t.RunningFor][t.Issue.Key] = shownTimer{t.Issue.Key, t.StartedAt, text(t.Comment), !t.WithinWorkingHours}
	}
	if lost {
		r.state = map[string]map[string]shownTimer{}
		for account, timers := range want {
			r.state[account] = map[string]shownTimer{}
			for issue, one := range timers {
				r.state[account]["cw:"+account+":"+issue] = one
			}
		}
		return nil
	}
	if err := cmp.Or(invalid, r.compare(want)); err != nil {
		return fmt.Errorf("%w\n%s", err, strings.Join(r.heard, "\n"))
	}
	r.heard = nil
	return nil
}

func (r *replay) apply(payload []byte, mayStop map[string]bool) error {
	var e struct {
		Payload struct {
			ID        string    `json:"id"`
			UserID    string    `json:"user_id"`
			IssueKey  string    `json:"issue_key"`
			Status    string    `json:"status"`
			StartedAt time.Time `json:"started_at"`
			Comment   string    `json:"comment"`
			OnHold    bool      `json:"on_hold"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return err
	}
	p := e.Payload
	r.applied++
	r.heard = append(r.heard, string(payload))
	if r.state[p.UserID] == nil {
		r.state[p.UserID] = map[string]shownTimer{}
	}
	_, running := r.state[p.UserID][p.ID]
	if p.Status == "stopped" {
		delete(r.state[p.UserID], p.ID)
		if !mayStop[p.UserID] {
			return fmt.Errorf("an event tells of a stop that never happened: %s", payload)
		}
		if !running {
			return fmt.Errorf("an event tells that what did not run has stopped: %s", payload)
		}
		return nil
	}
	r.state[p.UserID][p.ID] = shownTimer{p.IssueKey, p.StartedAt, p.Comment, p.OnHold}
	return nil
}

// compare holds what events told against what runs. A start that moves by less
// than two seconds is no event, each time that it does: a timer that is begun
// here, shown by a snapshot, and begun again adds that up.
func (r *replay) compare(want map[string]map[string]shownTimer) error {
	for _, p := range r.w.box.People() {
		got := map[string]shownTimer{}
		var issues []string
		for id, one := range r.state[p.AccountID] {
			got[one.Issue] = one
			issues = append(issues, id+" on "+one.Issue)
		}
		slices.Sort(issues)
		if len(r.state[p.AccountID]) != len(want[p.AccountID]) {
			return fmt.Errorf("events tell that %s runs %v, want %v", p.DisplayName, issues, want[p.AccountID])
		}
		for issue, one := range want[p.AccountID] {
			other, ok := got[issue]
			if !ok || other.Comment != one.Comment || other.OnHold != one.OnHold || other.Started.Sub(one.Started).Abs() > 10*time.Second {
				return fmt.Errorf("events tell of %s on %s %+v, want %+v", p.DisplayName, issue, other, one)
			}
		}
	}
	return nil
}
