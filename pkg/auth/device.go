package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/internal/keyed"
)

// DeviceLife is how long a device is known after a login.
const DeviceLife = 180 * 24 * time.Hour

// Sizes of a device's token, in bytes: when it was issued, the device's random
// id, and their HMAC.
const (
	issuedSize = 8
	idSize     = 16
	macSize    = 24
)

// Devices issues tokens that identify a device on which a user has logged in before. A
// token is no credential: it only separates its user's attempts from those of others. It
// is valid for one username.
type Devices struct {
	Secrets []string // the current one first
	Now     func() time.Time
}

// issue returns a token for a device with an id, or with a new one for "".
func (d Devices) issue(username, id string) string {
	if len(id) != idSize {
		fresh := make([]byte, idSize)
		_, _ = rand.Read(fresh) // never fails
		id = string(fresh)
	}
	payload := append(binary.BigEndian.AppendUint64(nil, uint64(d.Now().Unix())), id...)
	return base64.RawURLEncoding.EncodeToString(append(payload, deviceMAC(d.Secrets[0], username, payload)...))
}

// find returns the device id of the first token that is valid for the name, or "".
func (d Devices) find(username string, tokens []string) (id string) {
	for _, token := range tokens {
		if id := d.verify(username, token); id != "" {
			return id
		}
	}
	return ""
}

func (d Devices) verify(username, token string) (id string) {
	if len(token) != base64.RawURLEncoding.EncodedLen(issuedSize+idSize+macSize) {
		return ""
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != issuedSize+idSize+macSize {
		return ""
	}
	payload, mac := raw[:issuedSize+idSize], raw[issuedSize+idSize:]
	signed := false
	for _, secret := range d.Secrets {
		if secret != "" && hmac.Equal(mac, deviceMAC(secret, username, payload)) { // anybody can sign with an empty one
			signed = true
		}
	}
	age := d.Now().Sub(time.Unix(int64(binary.BigEndian.Uint64(payload)), 0))
	if !signed || age > DeviceLife || age < -clockSkew {
		return ""
	}
	return string(payload[issuedSize:])
}

func deviceMAC(secret, username string, payload []byte) []byte {
	text := "login device\n" + users.Fold(username) + "\n" + string(payload) // a JWT, signed with the same secret, has no new line
	return keyed.New([]byte(secret)).Sum(text)[:macSize]
}
