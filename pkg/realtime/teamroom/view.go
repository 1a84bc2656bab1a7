package teamroom

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// view is what a group of viewers sees.
type view struct {
	viewers  []*fanout.Outbox
	seq      int64 // of the last change
	status   timercache.Status
	members  []*team.Member    // sorted
	versions map[string]uint64 // of the members

	encoded      fanout.Message // the members, as of encodedAt
	encodedAt    time.Time
	encodedStale bool
}

// update makes the members those whom sight shows, and sends the differences.
func (v *view) update(sight team.Sight, state team.State) {
	last := v.versions
	v.status, v.members = state.Status, sight.Visible(state.Members, "")
	v.versions = make(map[string]uint64, len(v.members))
	var changed []*team.Member
	for _, m := range v.members {
		v.versions[m.AccountID] = m.Version
		if version, known := last[m.AccountID]; !known || version != m.Version {
			changed = append(changed, m)
		}
	}
	removed := []string{}
	for _, id := range slices.Sorted(maps.Keys(last)) {
		if _, still := v.versions[id]; !still {
			removed = append(removed, id)
		}
	}
	if len(changed)+len(removed) == 0 {
		return
	}
	v.seq++
	v.encodedAt = time.Time{}
	if len(v.viewers) == 0 {
		return
	}
	at := moment(v.status.CachedAt)
	b := v.begin("team", at, changed)
	b = append(b, `,"removed":`...)
	b = appendJSON(b, removed)
	v.put(fanout.NewMessage(append(b, `}}`...)))
}

// all is the message on connect, as of a moment ago at most: TillNow grows.
func (v *view) all(now time.Time, stale bool) fanout.Message {
	if now.Sub(v.encodedAt) >= window || stale != v.encodedStale {
		b := v.begin("team_state", now, v.members)
		b = append(b, `,"syncedAt":`...)
		b = appendJSON(b, v.status.SyncedAt)
		if stale {
			b = append(b, `,"stale":true`...)
		}
		v.encoded, v.encodedAt, v.encodedStale = fanout.NewMessage(append(b, `}}`...)), now, stale
	}
	return v.encoded
}

// begin is the beginning of a message: the members as they are at a moment.
func (v *view) begin(event string, at time.Time, members []*team.Member) []byte {
	b := append(make([]byte, 0, 256+512*len(members)), `{"event":"`...)
	b = append(append(b, event...), `","payload":{"seq":`...)
	b = strconv.AppendInt(b, v.seq, 10)
	b = append(b, `,"members":[`...)
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = m.AppendJSON(b, at)
	}
	b = append(b, `],"asOf":`...)
	if v.status.CachedAt == nil {
		return append(b, `null`...)
	}
	return appendJSON(b, at.UTC().Truncate(time.Millisecond))
}

// moment is a time, or the zero time for none.
func moment(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}

// appendJSON appends a value that always can be encoded.
func appendJSON(b []byte, value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic("realtime: a part of a team message cannot be encoded: " + err.Error())
	}
	return append(b, encoded...)
}

func (v *view) put(m fanout.Message) {
	for _, o := range v.viewers {
		o.Put(m)
	}
}

// drop removes a viewer, and reports whether none is left.
func (v *view) drop(o *fanout.Outbox) bool {
	if i := slices.Index(v.viewers, o); i >= 0 {
		v.viewers = slices.Delete(v.viewers, i, i+1)
	}
	return len(v.viewers) == 0
}
