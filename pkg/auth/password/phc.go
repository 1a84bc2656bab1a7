package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrFormat means that a text is not an argon2id hash in PHC form.
var ErrFormat = errors.New("must be an argon2id hash in PHC form: $argon2id$v=19$m=19456,t=2,p=1$salt$hash")

// ErrCost means that a hash is too weak, or so expensive that checking it could stop the
// process.
var ErrCost = errors.New("must have m from 4096 to 131072 (KiB), t from 1 to 10, p from 1 to 8, a salt of 8 to 64 bytes and a hash of 16 to 64")

// The bounds of ErrCost. 4 MiB is the least that the argon2 program uses by
// itself; 128 MiB ten times over takes about a second.
const (
	minMemory, maxMemory = 4 << 10, 128 << 10 // KiB
	maxPasses            = 10
	maxThreads           = 8
	minSalt, maxSalt     = 8, 64  // bytes
	minKey, maxKey       = 16, 64 // bytes
)

// Parse reads a hash in PHC form (P-H-C/phc-string-format) and refuses one
// whose cost is out of bounds. Its errors never hold the text.
func Parse(text string) (Hash, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return Hash{}, ErrFormat
	}
	memory, passes, threads, err := parameters(parts[3])
	if err != nil {
		return Hash{}, err
	}
	salt, saltErr := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	switch {
	case saltErr != nil || keyErr != nil || strings.ContainsAny(parts[4]+parts[5], "\r\n"): // which base64 skips
		return Hash{}, ErrFormat
	case memory < minMemory, memory > maxMemory, passes < 1, passes > maxPasses, threads < 1, threads > maxThreads,
		len(salt) < minSalt, len(salt) > maxSalt, len(key) < minKey, len(key) > maxKey:
		return Hash{}, ErrCost
	}
	return Hash{cost: Cost{Memory: uint32(memory), Passes: uint32(passes), Threads: uint8(threads)}, salt: salt, key: key}, nil
}

// parameters reads "m=19456,t=2,p=1"; the order is part of the form.
func parameters(text string) (memory, passes, threads uint64, err error) {
	values := strings.Split(text, ",")
	if len(values) != 3 {
		return 0, 0, 0, ErrFormat
	}
	var numbers [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(values[i], name)
		if !ok {
			return 0, 0, 0, ErrFormat
		}
		if numbers[i], err = strconv.ParseUint(digits, 10, 32); err != nil || strconv.FormatUint(numbers[i], 10) != digits {
			return 0, 0, 0, ErrFormat
		}
	}
	return numbers[0], numbers[1], numbers[2], nil
}

// PHC writes the hash in PHC form. It is a secret: a weak password can be guessed from it.
func (h Hash) PHC() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.Memory, h.cost.Passes, h.cost.Threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.key))
}

// String keeps hashes out of logs.
func (h Hash) String() string { return "[argon2id]" }

// GoString keeps hashes out of logs.
func (h Hash) GoString() string { return h.String() }
