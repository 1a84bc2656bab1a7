package redisstore

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// holding is a Redis whose two keys of a user hold these texts.
type holding struct{ reply any }

func (h holding) Do(context.Context, ...any) (any, error) { return h.reply, nil }
func (h holding) PSubscribe(context.Context, func(), func(string, string), ...string) error {
	return nil
}

// FuzzLoad: what Redis holds of a user is their state, without what cannot be
// read, or an error.
func FuzzLoad(f *testing.F) {
	timer := string(realtime.NewEvent(realtime.Timer{ID: "a", UserID: "ann", Status: realtime.Running, Seq: 3}).JSON)
	f.Add("seq", "3", "t:a", timer, timer)
	f.Add("seq", "", "t:", "", "")
	f.Add("seq", "-1", "x", "{", "null")
	f.Add("t:a", "[]", "seq", "9223372036854775808", "{}")
	f.Fuzz(func(t *testing.T, field1, value1, field2, value2, event string) {
		state, err := New(holding{[]any{[]any{field1, value1, field2, value2}, []any{event}}}).Load(t.Context(), "ann")
		if err != nil {
			assert.Empty(t, state)
			return
		}
		assert.True(t, len(state.Recent) == 1 || state.Unreadable != nil)
		assert.LessOrEqual(t, len(state.Timers), 2)
		for _, timer := range state.Timers {
			_, err := realtime.DecodeEvent(realtime.NewEvent(timer).JSON)
			assert.NoError(t, err)
		}
		for _, odd := range []any{nil, "text", int64(1), []any{}, []any{"a", "b"}, []any{[]any{field1}, []any{}}, []any{[]any{field1, int64(1)}, []any{nil}}} {
			_, _ = New(holding{odd}).Load(t.Context(), "ann")
		}
	})
}
