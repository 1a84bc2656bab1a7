package timercache

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// Binding is whose a Clockwork token is. Its record is the account's id, followed
// by a mark once a sync has seen whether a start with the token was the account's.
type Binding struct {
	Account   string // "" if nobody has said
	Seen      bool   // by a sync; else it is only claimed
	Disproved bool   // by a sync: the token is not the account's
}

// BindingLife is how long a token stays bound after its last validation or proof.
const BindingLife = 30 * 24 * time.Hour

const bindingPrefix = "clockwork:owner:"

// BindingKey is where the binding of a token with this HMAC is stored.
func BindingKey(hmac string) string { return bindingPrefix + hmac }

const (
	seenMark      = "|seen"
	disprovedMark = "|another"
)

// ParseBinding reads a record, "" for none.
func ParseBinding(record string) Binding {
	account, mark, _ := strings.Cut(record, "|")
	return Binding{account, "|"+mark == seenMark, "|"+mark == disprovedMark}
}

// Record is what is stored.
func (b Binding) Record() string {
	switch {
	case b.Seen:
		return b.Account + seenMark
	case b.Disproved:
		return b.Account + disprovedMark
	}
	return b.Account
}

// rebinding is what a sync does to the binding of a token.
type rebinding struct {
	Token string `json:"token"` // its HMAC
	// Record replaces the binding, unless that is another account's.
	Record string `json:"record"`
}

// nearStart is how far the start of a timer may be from the act that started it.
const nearStart = 5 * time.Second

// Codes of the error events for starts that came to nothing.
const (
	CodeTokenOfAnother    = "CLOCKWORK_TOKEN_OF_ANOTHER"
	CodeStartNotConfirmed = "START_NOT_CONFIRMED"
)

// judge decides, by what runs, whose the tokens of an account's unproven starts
// are: what becomes of their bindings, and the error events for starts that came
// to nothing.
func (p *planner) judge(account string) (bindings []rebinding, events []string) {
	was := p.was[account]
	for _, a := range was.Acts {
		if a.Token == "" || p.now.Sub(a.At) > actLife {
			continue
		}
		i := timer.OnIssue(p.is[account], a.issue())
		own := i >= 0 && startedBy(a, p.is[account][i])
		anothers := p.startedForAnother(account, a)
		switch {
		case own && !anothers:
			bindings = append(bindings, rebinding{a.Token, Binding{Account: account, Seen: true}.Record()})
		case i < 0 && anothers:
			bindings = append(bindings, rebinding{a.Token, Binding{Account: account, Disproved: true}.Record()})
			events = append(events, errorEvent(was.about, a, CodeTokenOfAnother, ": this token belongs to somebody else. Connect your own."))
		case i < 0 && !p.state.lacksSomeOf(account): // else it may be among those
			events = append(events, errorEvent(was.about, a, CodeStartNotConfirmed, ": somebody may have stopped it there. Start it again if it should run."))
		}
	}
	return bindings, events
}

// startedForAnother reports whether the act may have started another account's
// timer: one that was not cached before the act.
func (p *planner) startedForAnother(account string, a act) bool {
	for other, timers := range p.is {
		i := timer.OnIssue(timers, a.issue())
		if other == account || i < 0 || !startedBy(a, timers[i]) {
			continue
		}
		was := p.was[other]
		same := func(old timer.Timer) bool {
			return old.ID == timers[i].ID || old.ID < 0 && old.Issue.Same(a.issue()) && startedNear(a, old)
		}
		if !was.CachedAt.Before(a.At) || !slices.ContainsFunc(was.Timers, same) {
			return true
		}
	}
	return false
}

// startedBy reports whether Clockwork's timer may be the one that the act started.
func startedBy(a act, t timer.Timer) bool { return t.ID > 0 && startedNear(a, t) }

func startedNear(a act, t timer.Timer) bool { return t.StartedAt.Sub(a.At).Abs() <= nearStart }

// unproven reports whether some start waits for a sync to say whose its token is.
func (a about) unproven() bool {
	return slices.ContainsFunc(a.Acts, func(a act) bool { return a.Token != "" })
}

// judged are the acts once a sync has judged them.
func judged(acts []act) []act {
	acts = slices.Clone(acts)
	for i := range acts {
		acts[i].Token = ""
	}
	return acts
}

// errorEvent says that a start came to nothing. It names nobody else.
func errorEvent(whose about, a act, code, why string) string {
	type payload struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		ID      string `json:"id"`
	}
	encoded, err := json.Marshal(struct {
		Event   string  `json:"event"`
		Payload payload `json:"payload"`
	}{"error", payload{code, a.issue().Key + " did not stay running in Clockwork" + why, "cw:" + whose.UserKey + ":" + whose.eventKey(a.issue())}})
	if err != nil {
		panic("timercache: an event that cannot be encoded: " + err.Error()) // three strings
	}
	return string(encoded)
}
