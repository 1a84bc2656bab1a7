package timercache

import (
	"context"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// Limits of the contract that tests count in.
const (
	ForgetAge  = forgetAge
	StaleAge   = staleAge
	RefreshAge = refreshAge
	ValueLife  = valueLife
	ActLife    = actLife
	IdleLife   = idleLife
	PeopleKey  = peopleKey
)

// SetMaxRequest makes writes above so many bytes go through parts.
func (c *Cache) SetMaxRequest(bytes int) { c.maxRequest = bytes }

// SetMaxStaged bounds a staged snapshot.
func (c *Cache) SetMaxStaged(bytes int) { c.maxStaged = bytes }

// SetPause replaces the pause between attempts.
func (c *Cache) SetPause(pause func(ctx context.Context, n int) error) { c.pause = pause }

// MaxAttempts is how often a write is tried.
const MaxAttempts = maxAttempts

// Value is the stored form of timers, and About what it says beside them.
type (
	Value = value
	About = about
)

// NewValue is a value of both.
func NewValue(about About, timers ...timer.Timer) Value { return value{timers, about} }

// SyncState is the stored form of clockwork:sync.
type SyncState = syncState

// DecodeValue, DecodeSync, ScanAbout, Inflate and Deflate are the codecs.
var (
	DecodeValue = decodeValue
	DecodeSync  = decodeSync
	ScanAbout   = scanAbout
	Inflate     = inflate
	Deflate     = deflate
)

// Encode is the bytes that are stored.
func (v value) Encode() string { return v.encode() }

// Encode is the bytes that are stored.
func (s syncState) Encode() string { return s.encode() }

// KnownKey is the bucket that lists a name.
var KnownKey = knownKey

// Served is the list of timers as it is served some seconds after it was true;
// ok is false if it has to be decoded first.
func Served(list []byte, seconds int64) (served string, ok bool) {
	timers, ok := split(list)
	var cachedAt time.Time
	return string(appendTimers(nil, timers, cachedAt.Add(time.Duration(seconds)*time.Second))), ok
}
