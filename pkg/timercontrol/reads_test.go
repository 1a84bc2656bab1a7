package timercontrol_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// empty is a Redis that holds nothing.
type empty struct{}

func (empty) Do(_ context.Context, cmd ...any) (any, error) { return make([]any, len(cmd)-1), nil }

func TestReads(t *testing.T) {
	control := timercontrol.Control{Owners: timercontrol.OwnerStore{Key: []byte("k")}}
	full := timercontrol.Request{Token: secret.New("a-token"), AccountID: "ann", IssueKey: "ABC-7"}
	cmd := control.Reads(full)
	assert.Len(t, cmd, 6)
	assert.Regexp(t, `^clockwork:owner:[0-9a-f]{64}$`, cmd[1])
	assert.Equal(t, []any{"MGET", cmd[1], "clockwork:sync", "clockwork:timers:ann", "jira:user:ann", "jira:issue:ABC-7"}, cmd)
	assert.Equal(t, timercontrol.Known{Owner: "o", Sync: "s", Timers: "t", User: "u", Issue: "i"},
		control.Known(full, []any{"o", "s", "t", "u", "i"}, nil))
	assert.Equal(t, timercontrol.Known{Sync: "s"}, control.Known(full, []any{nil, "s", nil, nil, nil}, nil))

	little := timercontrol.Request{Token: full.Token}
	assert.Equal(t, cmd[:3], control.Reads(little))
	assert.Equal(t, timercontrol.Known{Owner: "o"}, control.Known(little, []any{"o", nil}, nil))

	refused := errors.New("WRONGTYPE")
	for name, reply := range map[string]any{"nothing": nil, "text": "OK", "short": []any{"o"}, "long": []any{"o", "s", "t"}, "refused": refused} {
		known := control.Known(little, reply, nil)
		assert.Error(t, known.Err, name)
		assert.Empty(t, known.Owner, name)
	}
	assert.ErrorIs(t, control.Known(little, refused, nil).Err, refused)
	assert.ErrorIs(t, control.Known(little, nil, refused).Err, refused)
}
