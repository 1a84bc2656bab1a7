package timercache

import (
	"context"
	"time"
)

// Limits of the contract that tests count in.
const (
	ForgetAge    = forgetAge
	StaleAge     = staleAge
	RefreshAge   = refreshAge
	FenceLife    = fenceLife
	SnapshotLife = snapshotLife
	WriteScript  = writeScript
)

// SetMaxRequest makes writes above so many bytes go through parts.
func (c *Cache) SetMaxRequest(bytes int) { c.maxRequest = bytes }

// SetPause replaces the pause between attempts.
func (c *Cache) SetPause(pause func(ctx context.Context, n int) error) { c.pause = pause }

// MaxAttempts is how often a write is tried.
const MaxAttempts = maxAttempts

// Value is the stored form of timers.
type Value = value

// SyncState is the stored form of clockwork:sync.
type SyncState = syncState

// DecodeValue, DecodeSync, DecodePending, Inflate and Deflate are the codecs.
var (
	DecodeValue   = decodeValue
	DecodePending = decodePending
	Inflate       = inflate
	Deflate       = deflate
	Pack          = pack
	Unpack        = unpack
)

// Encode is the bytes that are stored.
func (v value) Encode() string { return v.encode() }

// Encode is the bytes that are stored.
func (s syncState) Encode() string { return s.encode() }

// DecodeSync reads a state as of now.
func DecodeSync(raw string, now time.Time) (SyncState, bool) { return decodeSync(raw, now) }
