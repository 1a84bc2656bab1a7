package timersync

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timersource"
)

// vault encrypts tokens with AES-256-GCM. A sealed token is bound to the name
// it is stored under, which holds its source and site: moved to another name,
// or sealed with another key, it reads as absent.
type vault struct{ gcm cipher.AEAD }

// newVault returns nil for no key: then nothing is stored.
func newVault(key []byte) (*vault, error) {
	if len(key) == 0 {
		return nil, nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &vault{gcm}, nil
}

type sealedToken struct {
	Value     string    `json:"value"`
	ExpiresAt time.Time `json:"expiresAt"`
	Context   string    `json:"context,omitempty"`
}

func (v *vault) seal(name string, t timersource.Token) (string, error) {
	plain, err := json.Marshal(sealedToken{t.Value.Reveal(), t.ExpiresAt, t.Context})
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(v.gcm.Seal(nil, nil, plain, []byte(name))), nil
}

func (v *vault) open(name, sealed string) (timersource.Token, bool) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || sealed == "" {
		return timersource.Token{}, false
	}
	plain, err := v.gcm.Open(nil, nil, raw, []byte(name))
	if err != nil {
		return timersource.Token{}, false
	}
	var t sealedToken
	if json.Unmarshal(plain, &t) != nil || t.Value == "" {
		return timersource.Token{}, false
	}
	return timersource.Token{Value: secret.New(t.Value), ExpiresAt: t.ExpiresAt, Context: t.Context}, true
}
