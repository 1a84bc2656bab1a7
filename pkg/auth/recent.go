package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxRecent bounds Recent. An entry has some 300 bytes.
const maxRecent = 4096

// Recent remembers the callers of tokens that were valid, so that a client's next
// request costs no second check of the same signature. It holds no token, only
// hashes.
type Recent struct {
	mu      sync.Mutex
	callers map[[sha256.Size]byte]recent
}

type recent struct {
	caller Caller
	since  time.Time // when all of the token's times were compared
}

// find returns the caller of a token that is still valid: what it says of its issue
// stays true, so only its end is compared. If the clock has stepped back, it is
// checked again.
func (r *Recent) find(token string, now time.Time) (Caller, bool) {
	if r == nil {
		return Caller{}, false
	}
	hash := sha256.Sum256([]byte(token))
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.callers[hash]
	return found.caller, ok && !now.Before(found.since) && now.Before(found.caller.Expires)
}

// add forgets all callers if there are maxRecent. Their tokens are then checked once more.
func (r *Recent) add(token string, caller Caller, now time.Time) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.callers == nil || len(r.callers) == maxRecent {
		r.callers = map[[sha256.Size]byte]recent{}
	}
	r.callers[sha256.Sum256([]byte(token))] = recent{caller, now}
}
