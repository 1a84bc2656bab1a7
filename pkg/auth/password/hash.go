// Package password hashes passwords with argon2id and checks them against
// hashes in PHC form. It knows no users and does no I/O.
package password

import (
	"crypto/rand"
	"crypto/subtle"

	"golang.org/x/crypto/argon2"
)

// What a new hash costs: OWASP's first choice for argon2id (Password Storage
// Cheat Sheet). 19 MiB lets a small function check several at once.
const (
	newMemory  = 19 << 10 // KiB
	newPasses  = 2
	newThreads = 1
	newSalt    = 16 // bytes; RFC 9106, 3.1
	newKey     = 32 // bytes
)

// MaxLength is the longest password, in bytes.
const MaxLength = 1024

// Cost is the work that one check of a hash takes.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// Hash is an argon2id hash with what is needed to compute it again.
type Hash struct {
	cost      Cost
	salt, key []byte
}

// New hashes a password with a new salt.
func New(password string) Hash {
	h := Hash{cost: Cost{Memory: newMemory, Passes: newPasses, Threads: newThreads}, salt: make([]byte, newSalt)}
	_, _ = rand.Read(h.salt) // never fails
	h.key = h.derive(password, newKey)
	return h
}

// Cost is the work of one Matches.
func (h Hash) Cost() Cost { return h.cost }

// Matches reports whether the password is the hashed one. Its time does not depend on
// where the two differ.
func (h Hash) Matches(password string) bool {
	return subtle.ConstantTimeCompare(h.derive(password, len(h.key)), h.key) == 1
}

func (h Hash) derive(password string, length int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.cost.Passes, h.cost.Memory, h.cost.Threads, uint32(length))
}

// Decoy is a hash with the cost of h that no known password matches.
func (h Hash) Decoy() Hash {
	return Hash{cost: h.cost, salt: make([]byte, len(h.salt)), key: make([]byte, len(h.key))}
}
