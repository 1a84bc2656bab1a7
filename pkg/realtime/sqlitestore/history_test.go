package sqlitestore

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// What is kept of the last changes is bounded in bytes too.
func TestHistoryBytes(t *testing.T) {
	h := history{byUser: map[string][]realtime.Event{}}
	long := realtime.Event{JSON: []byte(strings.Repeat("x", 16<<10))}
	for range maxHistory {
		h.add("ann", []realtime.Event{long})
	}
	assert.LessOrEqual(t, h.bytes, maxHistoryBytes)
	assert.Equal(t, h.bytes, len(h.order)*len(long.JSON))
	assert.Len(t, h.byUser["ann"], len(h.order))
	assert.Equal(t, maxHistoryBytes/len(long.JSON), len(h.order))
}
