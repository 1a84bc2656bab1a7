package inngest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// object is JSON with so many names.
func object(names int) string {
	members := make([]string, names)
	for i := range members {
		members[i] = fmt.Sprintf(`"n%05d":{":":"}]\"\\"}`, i)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// What the SDK gets to see of a request that nobody has checked yet.
func TestPlainBodies(t *testing.T) {
	nested := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	for _, tt := range []struct {
		name, body string
		status     int
	}{
		{"nothing", "", http.StatusOK},
		{"an-invocation", `{"ctx":{"run_id":"r"},"event":{"data":{"a":[{}]}},"steps":{},"version":1}`, http.StatusOK},
		{"a-text", `"{[:\\"`, http.StatusOK},
		{"a-burst", `{"events":[` + strings.Repeat(`{"name":"clockwork/timers.sync.requested","data":{"accountId":"712020:0b1f2a44-0d9b-4d6a-8f6e-0f8a7a3f5c11"},"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","ts":1767225600000},`, burstSize-1) + `{}]}`, http.StatusOK},
		{"as-deep-as-may-be", nested(maxDepth), http.StatusOK},
		{"too-deep", nested(maxDepth + 1), http.StatusBadRequest},
		{"as-many-names-as-may-be", `[` + object(maxNames) + `,` + object(maxNames) + `]`, http.StatusOK},
		{"too-many-names", object(maxNames + 1), http.StatusBadRequest},
		{"a-pair-of-surrogates", `"\ud83d\uDE00\\ud800"`, http.StatusOK},
		{"half-a-pair", `[{"\uD800zz,[[[":1}]`, http.StatusBadRequest},
		{"half-a-pair-at-the-end", `"\udfff"`, http.StatusBadRequest},
		{"no-end", strings.Repeat("[", maxBody), http.StatusBadRequest},
		{"no-json", "]", http.StatusBadRequest},
		{"as-large-as-may-be", `"` + strings.Repeat("a", maxBody-2) + `"`, http.StatusOK},
		{"too-large", `"` + strings.Repeat("a", maxBody-1) + `"`, http.StatusRequestEntityTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				assert.Equal(t, tt.body, string(got))
			})
			for _, length := range []int64{int64(len(tt.body)), -1} { // -1: in chunks
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/inngest", strings.NewReader(tt.body))
				r.ContentLength = length
				answer := httptest.NewRecorder()
				plainBodies(next).ServeHTTP(answer, r)
				assert.Equal(t, tt.status, answer.Code, answer.Body.String())
				if tt.status != http.StatusOK {
					assert.True(t, json.Valid(answer.Body.Bytes()))
				}
			}
		})
	}
}
