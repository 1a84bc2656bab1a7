package timersync

import (
	"encoding/json"
	"time"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/secret/sealed"
	"github.com/clockwork-timer/backend/pkg/timersource"
)

// vault encrypts tokens. A sealed token is bound to its key in Redis, which names its
// source and site. Under another key, or sealed with another secret, it reads as absent.
type vault struct{ box sealed.Box }

// newVault returns nil for no key: then nothing is stored.
func newVault(key []byte) (*vault, error) {
	if len(key) == 0 {
		return nil, nil
	}
	box, err := sealed.New(key)
	if err != nil {
		return nil, err
	}
	return &vault{box}, nil
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
	return v.box.Seal(name, plain)
}

func (v *vault) open(name, text string) (timersource.Token, bool) {
	plain, _, ok := v.box.Open(name, text)
	if !ok {
		return timersource.Token{}, false
	}
	var t sealedToken
	if json.Unmarshal(plain, &t) != nil || t.Value == "" {
		return timersource.Token{}, false
	}
	return timersource.Token{Value: secret.New(t.Value), ExpiresAt: t.ExpiresAt, Context: t.Context}, true
}
