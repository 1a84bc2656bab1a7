package timercontrol

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/secret"
)

const (
	ownerPrefix = "clockwork:owner:"
	ownerLife   = 30 * 24 * time.Hour
)

// OwnerStore remembers which account a Clockwork token was validated for.
// Clockwork has no call that tells. The token itself is not stored, only its
// HMAC: without the key, one cannot test guesses against what Redis holds.
type OwnerStore struct {
	Redis interface {
		Do(ctx context.Context, cmd ...any) (any, error)
	}
	Key []byte
}

// Remember records that the token was validated for an account, for 30 days.
func (s OwnerStore) Remember(ctx context.Context, token secret.Text, accountID string) error {
	if _, err := s.Redis.Do(ctx, "SET", s.key(token), accountID, "EX", int(ownerLife/time.Second)); err != nil {
		return fmt.Errorf("remember token owner: %w", err)
	}
	return nil
}

func (s OwnerStore) key(token secret.Text) string {
	mac := hmac.New(sha256.New, s.Key)
	mac.Write([]byte(token.Reveal()))
	return ownerPrefix + hex.EncodeToString(mac.Sum(nil))
}
