package clockwork

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func seed(f *testing.F, name string) {
	f.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(f, err)
	f.Add(b)
}

func FuzzDecodeTimersPage(f *testing.F) {
	seed(f, "timers_page.json")
	f.Add([]byte(`{"timers":[],"total":"7","maxResults":2,"page":"1"}`))
	f.Add([]byte(`{"timers":null}`))
	f.Add([]byte(`{"timers":[null,{"id":1.0,"running_for":"a"},{"finished_at":"2026-03-05T09:00:00Z"},7]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := DecodeTimersPage(body)
		if err != nil {
			assert.ErrorIs(t, err, ErrUnknownShape)
			return
		}
		assert.True(t, got.IsLast || got.Pages > 0, "a list without end")
		for _, timer := range got.Timers {
			assert.Positive(t, timer.ID)
			assert.NotEmpty(t, timer.RunningFor)
			assert.NotEmpty(t, timer.Issue.Key)
			assert.False(t, timer.StartedAt.IsZero())
			_, err := json.Marshal(timer)
			assert.NoError(t, err, "what is read can be stored")
		}
		for _, left := range got.Unreadable {
			assert.Error(t, left.Err)
			assert.LessOrEqual(t, left.Place, len(got.Timers))
		}
	})
}

func FuzzDecodeWorklogs(f *testing.F) {
	seed(f, "worklogs.json")
	f.Add([]byte(`{"data":[{"id":"1","started":"2026-03-05T09:00:00Z","comment":{"type":"doc","content":[{"type":"text","text":"x"}]}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, _, err := decodeWorklogs(body)
		if err != nil {
			assert.ErrorIs(t, err, ErrUnknownShape)
			return
		}
		for _, item := range items {
			got := item.worklog(time.UTC)
			assert.Positive(t, got.ID)
			assert.False(t, got.Started.IsZero())
		}
	})
}
