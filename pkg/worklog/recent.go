package worklog

import (
	"sync"
	"time"
)

// maxRecent bounds the worklogs that a process remembers: some 20 MB.
const maxRecent = 2 * MaxRange

// recent remembers lists for a short time. Its zero value is ready for use.
type recent struct {
	mu    sync.Mutex
	lists map[string]remembered
}

type remembered struct {
	list  List
	until time.Time
}

func (r *recent) get(key string, now time.Time) (List, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.lists[key]
	return found.list, ok && now.Before(found.until)
}

// put forgets what is over, and as many others as it takes.
func (r *recent) put(key string, list List, now, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lists == nil {
		r.lists = map[string]remembered{}
	}
	delete(r.lists, key)
	size := len(list.Worklogs)
	for other, l := range r.lists {
		size += len(l.list.Worklogs)
		if size > maxRecent || !now.Before(l.until) {
			size -= len(l.list.Worklogs)
			delete(r.lists, other)
		}
	}
	r.lists[key] = remembered{list, until}
}
