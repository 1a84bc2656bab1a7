package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/apptest"
)

// Every key in Redis begins with KEY_PREFIX, over either transport.
func TestKeyPrefix(t *testing.T) {
	for name, o := range map[string]apptest.Options{"rest": {}, "tcp": {OverTCP: true}} {
		t.Run(name, func(t *testing.T) {
			o.Env = map[string]string{"KEY_PREFIX": "acme:"}
			w := apptest.New(t, o)
			w.Sync(t)
			keys := w.Redis.Miniredis().Keys()
			assert.NotEmpty(t, keys)
			for _, key := range keys {
				assert.True(t, strings.HasPrefix(key, "acme:"), key)
			}
		})
	}
}
