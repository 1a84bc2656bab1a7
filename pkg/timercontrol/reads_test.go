package timercontrol_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// empty is a Redis that holds nothing.
type empty struct{}

func (empty) Do(_ context.Context, cmd ...any) (any, error) { return make([]any, len(cmd)-1), nil }

func TestReads(t *testing.T) {
	control := timercontrol.Control{Owners: timercontrol.OwnerStore{Keys: [][]byte{[]byte("k")}}}
	full := timercontrol.Request{Token: secret.New("a-token"), AccountID: "ann", IssueKey: "ABC-7"}
	cmd := control.Reads(full)
	assert.Len(t, cmd, 7)
	assert.Regexp(t, `^clockwork:owner:[0-9a-f]{64}$`, cmd[1])
	assert.Equal(t, []any{"MGET", cmd[1], "jira:issue:ABC-7", "jira:user:ann", "clockwork:sync", "clockwork:timers:ann"}, cmd[:6])
	assert.Equal(t, timercache.Binding{Account: "o"}, control.Known(full, []any{"o", nil, nil, nil, nil, nil}, nil).Owner)
	assert.Equal(t, timercache.Binding{Account: "o", Seen: true}, control.Known(full, []any{"o|seen", nil, nil, nil, nil, nil}, nil).Owner)
	assert.Empty(t, control.Known(full, []any{nil, "i", "u", "s", "t", "b"}, nil).Owner)

	rotated := timercontrol.Control{Owners: timercontrol.OwnerStore{Keys: [][]byte{[]byte("new"), []byte("k")}}}
	assert.Equal(t, cmd[1], rotated.Reads(full)[2], "what the earlier key has written is found")
	assert.Equal(t, timercache.Binding{Account: "o"}, rotated.Known(full, []any{nil, "o", nil, nil, nil, nil, nil}, nil).Owner)

	little := timercontrol.Request{Token: full.Token}
	assert.Equal(t, cmd[:2], control.Reads(little))
	assert.Equal(t, timercache.Binding{Account: "o"}, control.Known(little, []any{"o"}, nil).Owner)

	refused := errors.New("WRONGTYPE")
	for name, reply := range map[string]any{"nothing": nil, "text": "OK", "short": []any{}, "long": []any{"o", "s"}, "refused": refused} {
		known := control.Known(little, reply, nil)
		assert.Error(t, known.Err, name)
		assert.Empty(t, known.Owner, name)
	}
	assert.ErrorIs(t, control.Known(little, refused, nil).Err, refused)
	assert.ErrorIs(t, control.Known(little, nil, refused).Err, refused)
}
