package timercontrol_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// empty is a Redis that holds nothing.
type empty struct{}

func (empty) Do(_ context.Context, cmd ...any) (any, error) { return make([]any, len(cmd)-1), nil }

func TestRead(t *testing.T) {
	control := timercontrol.Control{Owners: timercontrol.OwnerStore{Keys: []*keyed.Key{keyed.New([]byte("k"))}}}
	full := timercontrol.Request{Token: secret.New("a-token"), AccountID: "ann", IssueKey: "ABC-7"}
	cmd := control.Read(full).Command()
	assert.Len(t, cmd, 7)
	assert.Regexp(t, `^clockwork:owner:[0-9a-f]{64}$`, cmd[1])
	assert.Equal(t, []any{"MGET", cmd[1], "jira:issue:ABC-7", "jira:user:ann", "clockwork:sync", "clockwork:timers:ann"}, cmd[:6])
	owner := func(c timercontrol.Control, r timercontrol.Request, reply ...any) timercache.Binding {
		known := c.Read(r).Known(reply, nil)
		assert.NoError(t, known.Err)
		return known.Owner
	}
	assert.Equal(t, timercache.Binding{Account: "o"}, owner(control, full, "o", nil, nil, nil, nil, nil))
	assert.Equal(t, timercache.Binding{Account: "o", Seen: true}, owner(control, full, "o|seen", nil, nil, nil, nil, nil))
	assert.Empty(t, owner(control, full, nil, "i", "u", "s", "t", "b"))

	rotated := timercontrol.Control{Owners: timercontrol.OwnerStore{Keys: []*keyed.Key{keyed.New([]byte("new")), keyed.New([]byte("k"))}}}
	assert.Equal(t, cmd[1], rotated.Read(full).Command()[2], "what the earlier key has written is found")
	assert.Equal(t, timercache.Binding{Account: "o"}, owner(rotated, full, nil, "o", nil, nil, nil, nil, nil))

	little := timercontrol.Request{Token: full.Token}
	assert.Equal(t, cmd[:2], control.Read(little).Command())
	assert.Equal(t, timercache.Binding{Account: "o"}, owner(control, little, "o"))

	refused := errors.New("WRONGTYPE")
	for name, reply := range map[string]any{"nothing": nil, "text": "OK", "short": []any{}, "long": []any{"o", "s"}, "number": []any{int64(1)}, "refused": refused} {
		known := control.Read(little).Known(reply, nil)
		assert.Error(t, known.Err, name)
		assert.Empty(t, known.Owner, name)
	}
	assert.ErrorIs(t, control.Read(little).Known(refused, nil).Err, refused)
	assert.ErrorIs(t, control.Read(little).Known(nil, refused).Err, refused)
}
