package timercache

import "strings"

// Binding is whose a Clockwork token is. Its record is the account's id, followed
// by a mark once a sync has seen that a start with the token was the account's.
type Binding struct {
	Account string // "" if nobody has said
	Seen    bool   // by a sync; else it is only claimed
}

const seenMark = "|seen"

// ParseBinding reads a record, "" for none.
func ParseBinding(record string) Binding {
	account, seen := strings.CutSuffix(record, seenMark)
	return Binding{account, seen}
}

// Record is what is stored.
func (b Binding) Record() string {
	if b.Seen {
		return b.Account + seenMark
	}
	return b.Account
}
