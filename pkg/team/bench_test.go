package team_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// BenchmarkTeam is GET /api/team of 2,000 people, 500 of whom run something, without the way to
// Redis.
func BenchmarkTeam(b *testing.B) {
	always := func(string) bool { return true }
	for _, c := range []struct {
		name    string
		changes int  // between two reads
		cold    bool // the process has read nothing yet
		known   func(string) bool
	}{
		{"not-modified", 0, false, always},
		{"not-modified-cold", 0, true, always},
		{"whole", 0, false, never},
		{"whole-five-changed", 5, false, never},
		{"whole-cold", 0, true, never},
	} {
		b.Run(c.name, func(b *testing.B) {
			now := nine
			h, tm := newTeam(team.Rules{View: team.All}, &now)
			for n := range 2000 {
				benchPerson(h, n, 1)
			}
			h.choices = []any{"p7", "status", "p8", "none"}
			b.ReportAllocs()
			version := 1
			for b.Loop() {
				for range c.changes {
					version++
					benchPerson(h, version%500, version)
				}
				if c.cold {
					fresh, other := newTeam(tm.Rules, &now)
					fresh.people, fresh.choices, tm = h.people, h.choices, other
				}
				if _, err := tm.Page(b.Context(), team.Viewer{AccountID: "p9"}, "", c.known); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchPerson(h *hash, n, version int) {
	account := fmt.Sprint("p", n)
	if n >= 500 {
		h.set(account, version, nil, lastSeen("A Person "+account))
		return
	}
	h.set(account, version, []timer.Timer{runs(int64(n), account, fmt.Sprint("PORTAL-", n), int64(n)*int64(time.Minute/time.Second))}, "")
}
