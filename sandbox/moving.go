package sandbox

import (
	"cmp"
	"hash/crc32"
	"slices"
	"strconv"
)

// listed returns the running timers in the reverse order of timers.json, because
// listTimers cuts pages from the end. It needs s.mu held.
func (s *Sandbox) listed() []*runningTimer {
	switch s.switches.ListOrder {
	case "oldest":
		reversed := slices.Clone(s.timers)
		slices.Reverse(reversed)
		return reversed
	case "mixed":
		sum := func(t *runningTimer) uint32 { return crc32.ChecksumIEEE([]byte(strconv.FormatInt(t.id, 10))) }
		return slices.SortedFunc(slices.Values(s.timers), func(a, b *runningTimer) int { return cmp.Compare(sum(a), sum(b)) })
	}
	return s.timers
}

// moveList lets people start, stop and switch timers, as real people do while a
// client reads the list. It needs s.mu held.
func (s *Sandbox) moveList() {
	for range s.switches.ListMoves {
		p, issue := s.people[s.rng.IntN(len(s.people))], s.issues[s.rng.IntN(len(s.issues))]
		mine := slices.IndexFunc(s.timers, func(t *runningTimer) bool { return t.accountID == p.AccountID })
		again := mine < 0 || s.rng.IntN(2) == 0
		if mine >= 0 {
			s.finish(s.timers[mine])
		}
		if again {
			_, _ = s.start(p.AccountID, issue.Key, "") // fails if they already run one on that issue
		}
	}
}
