package clockwork

import "encoding/json"

// UnreadableTimer is an entry of the list of timers that is not a whole timer:
// its issue is gone, say, or a field is of a type not seen before. It tells
// what could still be read.
type UnreadableTimer struct {
	ID      int64  // 0 if it could not be read
	Account string // whose time runs; "" if it could not be read
	// Place is how many of the page's Timers stand before it.
	Place    int
	Finished bool  // then nobody will miss it
	Err      error // why; it quotes no text of the entry
}

// identifyUnreadable reads what it can of an entry that is not a whole timer.
func identifyUnreadable(raw []byte) (unreadable UnreadableTimer) {
	var fields struct {
		ID         json.RawMessage `json:"id"`
		RunningFor json.RawMessage `json:"running_for"`
		FinishedAt json.RawMessage `json:"finished_at"`
		Author     json.RawMessage `json:"author"`
	}
	_ = json.Unmarshal(raw, &fields) // what is no object has none of them
	var id number
	if json.Unmarshal(fields.ID, &id) == nil && id > 0 {
		unreadable.ID = int64(id)
	}
	var author struct {
		AccountID json.RawMessage `json:"accountId"`
	}
	_ = json.Unmarshal(fields.Author, &author)
	unreadable.Account = text(fields.RunningFor)
	if missing := string(fields.RunningFor); missing == "" || missing == "null" || missing == `""` {
		unreadable.Account = text(author.AccountID) // as for a readable one
	}
	var finished moment
	unreadable.Finished = json.Unmarshal(fields.FinishedAt, &finished) == nil && !finished.IsZero()
	return unreadable
}
