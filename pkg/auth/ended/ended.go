// Package ended announces sessions and personal tokens that have ended, so that
// realtime servers close what was opened with them.
package ended

import (
	"context"
	"encoding/json"
	"fmt"
)

// Channel is the Redis channel of the announcements. It is not a channel of timer
// events, which clients of other versions read.
const Channel = "clockwork:ended"

// Notice names the sessions and tokens of one person that have ended.
type Notice struct {
	UserID string   `json:"user"`
	IDs    []string `json:"ids"`
}

// Publish announces the end of a person's sessions or tokens. It costs one command.
func Publish(ctx context.Context, redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}, user string, ids []string) error {
	message, err := json.Marshal(Notice{user, ids})
	if err == nil {
		_, err = redis.Do(ctx, "PUBLISH", Channel, string(message))
	}
	if err != nil {
		return fmt.Errorf("announce ended sessions: %w", err)
	}
	return nil
}

// Parse reads an announcement. What cannot be read names nobody.
func Parse(message string) Notice {
	var n Notice
	if json.Unmarshal([]byte(message), &n) != nil {
		return Notice{}
	}
	return n
}
