package sandbox

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Switches change how the site behaves: Clockwork's settings, and variants of answers
// that real sites give. Their JSON names are those of the control handler.
type Switches struct {
	// MultipleTimers is Clockwork's site setting. If it is false, a start stops the
	// person's other timers. New sets it, because one person of the team has two
	// timers.
	MultipleTimers bool `json:"multipleTimers"`
	// EmptyWriteBody answers start_timer and stop_timer with no body.
	EmptyWriteBody bool `json:"emptyWriteBody"`
	// StartedShape is the form of started in worklogs: "" or "z"
	// (2026-02-08T14:23:35Z), "colon" (…+02:00), "millis" (….000+0900), or "mixed".
	StartedShape string `json:"startedShape"`
	// IDShape is the form of ids in worklogs: "" or "string", "number", or "mixed".
	IDShape string `json:"idShape"`

	// ConnectGone makes the servlet answer 404, as on sites with Clockwork on Forge.
	ConnectGone bool `json:"connectGone"`
	// ForgeGone is a site on which the app is not installed on Forge.
	ForgeGone bool `json:"forgeGone"`
	// SessionExpired makes the session cookie invalid before its exp.
	SessionExpired bool `json:"sessionExpired"`
	// SessionRefusal is how a refused cookie is answered: "" (as each endpoint
	// does), "redirect", "html" (200 with a login page), "unauthorized" or "forbidden".
	SessionRefusal string `json:"sessionRefusal"`

	// ForgeEnvelope chooses the shape of invokeExtension's response.body.
	ForgeEnvelope Envelope `json:"forgeEnvelope"`
	// NoTokenRenewal makes contextToken null in the answers of invokeExtension.
	NoTokenRenewal bool `json:"noTokenRenewal"`
	// StrictAppVersion refuses an appVersion other than the installed one.
	StrictAppVersion bool `json:"strictAppVersion"`
	// AppVersion is the installed version; "" is the first one.
	AppVersion string `json:"appVersion"`
	// ContextID limits the context ids that are accepted: "" (site or workspace),
	// "site" or "workspace".
	ContextID string `json:"contextId"`

	// SignIn is the result of Atlassian's sign-in: "" (as the person chooses),
	// "blocked" (the site's admin has not authorized the app), "otherSite" or
	// "noSite" (the sites of the consent, whatever the person chooses), or "closed"
	// (the account is closed).
	SignIn string `json:"signIn"`

	// OmitAuthors leaves author out of the timers.
	OmitAuthors bool `json:"omitAuthors"`
	// ListFinished lists recently stopped timers in timers.json too.
	ListFinished bool `json:"listFinished"`
	// ListOrder is the order of timers.json: "" or "newest" (first), "oldest", or
	// "mixed" (by a hash of the id).
	ListOrder string `json:"listOrder"`
	// ListMoves is how many people start, stop or change a timer before each
	// page of timers.json.
	ListMoves int `json:"listMoves"`
}

// Envelope is a shape of invokeExtension's response.body.
type Envelope int

// The shapes that real sites use, and one unknown shape.
const (
	EnvelopeCurrent Envelope = iota // {success, payload:{status, headers, body}}
	EnvelopeFlat                    // {status, headers, body}
	EnvelopeNested                  // {headers, body:{success, payload:{status, body}}}
	EnvelopeText                    // the current one, and its body, as JSON strings
	EnvelopeUnknown                 // something else
)

func (s Switches) validate() error {
	for _, f := range []struct {
		name, got string
		allowed   []string
	}{
		{"startedShape", s.StartedShape, []string{"", "z", "colon", "millis", "mixed"}},
		{"idShape", s.IDShape, []string{"", "string", "number", "mixed"}},
		{"sessionRefusal", s.SessionRefusal, []string{"", "redirect", "html", "unauthorized", "forbidden"}},
		{"contextId", s.ContextID, []string{"", "site", "workspace"}},
		{"signIn", s.SignIn, []string{"", "blocked", "otherSite", "noSite", "closed"}},
		{"listOrder", s.ListOrder, []string{"", "newest", "oldest", "mixed"}},
	} {
		if !slices.Contains(f.allowed, f.got) {
			return fmt.Errorf("%s cannot be %q", f.name, f.got)
		}
	}
	if s.ListMoves < 0 {
		return fmt.Errorf("listMoves cannot be %d", s.ListMoves)
	}
	if s.ForgeEnvelope < EnvelopeCurrent || s.ForgeEnvelope > EnvelopeUnknown {
		return fmt.Errorf("forgeEnvelope cannot be %d", s.ForgeEnvelope)
	}
	return nil
}

// Switches returns the current settings.
func (s *Sandbox) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// Switch changes settings while requests run. It panics if a value does not exist,
// because then the test is wrong.
func (s *Sandbox) Switch(change func(*Switches)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.switches
	change(&next)
	if err := next.validate(); err != nil {
		panic("sandbox: " + err.Error())
	}
	s.switches = next
}

// RevokeTokens makes every contextJwt and context token issued so far invalid
// before its exp.
func (s *Sandbox) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connectKey = s.randomBytes(32)
	s.forgeEpoch++
}

// randomBytes needs s.mu held.
func (s *Sandbox) randomBytes(n int) []byte {
	out := make([]byte, 0, n+8)
	for len(out) < n {
		out = binary.LittleEndian.AppendUint64(out, s.rng.Uint64())
	}
	return out[:n]
}
