package redis_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
)

// recorder is a transport that records the commands' first two words, and
// answers each with its name.
type recorder struct {
	redis.Transport
	sent []string
}

func (r *recorder) Send(_ context.Context, _ string, cmds [][]string) ([]any, error) {
	replies := make([]any, len(cmds))
	for i, cmd := range cmds {
		r.sent = append(r.sent, strings.Join(cmd[:2], " "))
		replies[i] = cmd[0]
	}
	return replies, nil
}

func TestScriptTravelsOnce(t *testing.T) {
	sent := &recorder{}
	client := redis.New(sent, redis.Options{})
	for range 2 {
		_, err := client.Do(t.Context(), "EVAL", "return 1", 0)
		require.NoError(t, err)
		_, err = client.Pipeline(t.Context(), []any{"GET", "k"}, []any{"EVAL", "return 1", 0}, []any{"EVAL", "return 2", 0})
		require.NoError(t, err)
	}
	assert.Equal(t, []string{
		"EVAL return 1", "GET k", "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "EVAL return 2",
		"EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "GET k", "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "EVALSHA 7f923f79fe76194c868d7e1d0820de36700eb649",
	}, sent.sent)
}
