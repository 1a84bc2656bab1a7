package signin

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

// FuzzClaims: whatever a provider writes, only a clear yes is one.
func FuzzClaims(f *testing.F) {
	for _, verified := range []string{`true`, `"true"`, `1`, `"1"`, `"True"`, `false`, `null`, `"yes"`, `[true]`, `{"true":1}`, `"""`, `2`} {
		f.Add([]byte(`{"sub":"s","email":"a@example.com","email_verified":` + verified + `}`))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got claims
		if json.Unmarshal(raw, &got) == nil && bool(got.Verified) {
			assert.Regexp(t, `(?i)true|1`, string(raw))
		}
	})
}
