package redis

import (
	"context"
	"crypto/sha1" // the name that Redis gives a script: it protects nothing
	"encoding/hex"
	"sync"
)

// scripts are those that this process has sent to Redis: their text and SHA-1.
// Redis keeps a script's text, so from the second call on its SHA-1 is enough,
// which saves both sides reading and hashing kilobytes.
type scripts struct{ sums sync.Map }

// shorten replaces each EVAL of a script that Redis should have by EVALSHA.
func (s *scripts) shorten(cmds [][]string) [][]string {
	var short [][]string
	for i, cmd := range cmds {
		if !evaluates(cmd) {
			continue
		}
		if sum, ok := s.sums.Load(cmd[1]); ok {
			if short == nil {
				short = append(short, cmds...)
			}
			short[i] = append([]string{"EVALSHA", sum.(string)}, cmd[2:]...)
		}
	}
	if short == nil {
		return cmds
	}
	return short
}

// add notes the scripts that were sent as text: Redis has them now.
func (s *scripts) add(sent [][]string) {
	for _, cmd := range sent {
		if evaluates(cmd) {
			sum := sha1.Sum([]byte(cmd[1]))
			s.sums.Store(cmd[1], hex.EncodeToString(sum[:]))
		}
	}
}

func evaluates(cmd []string) bool { return len(cmd) > 2 && cmd[0] == "EVAL" }

// sendScripts sends the commands with the scripts that Redis should have by
// name. A Redis that was started again, or another one that took over, does not
// have them: then it has run nothing of that command, which is sent once more
// with its text.
func (c *Client) sendScripts(ctx context.Context, op string, cmds [][]string) ([]any, error) {
	short := c.scripts.shorten(cmds)
	replies, err := c.transport.Send(ctx, op, short)
	if err != nil {
		return nil, err
	}
	var unknown []int
	var again [][]string
	for i, reply := range replies {
		if refused, ok := reply.(*Error); ok && refused.Code == "NOSCRIPT" && evaluates(cmds[i]) {
			unknown, again = append(unknown, i), append(again, cmds[i])
		}
	}
	if again != nil {
		texts, err := c.transport.Send(ctx, op, again)
		if err != nil {
			return nil, err
		}
		for n, i := range unknown {
			replies[i] = texts[n]
		}
	}
	c.scripts.add(short)
	return replies, nil
}
