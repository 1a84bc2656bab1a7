package credential

import (
	"context"
	"encoding/json"
	"fmt"
)

// EndedChannel is the Redis channel of the announcements. It is not a channel of timer
// events, which clients of other versions read.
const EndedChannel = "clockwork:ended"

// Ended names the sessions and tokens of one person that have ended.
type Ended struct {
	UserID string   `json:"user"`
	IDs    []string `json:"ids"`
}

// PublishEnded announces the end of a person's sessions or tokens, so that realtime
// servers close what was opened with them. It costs one command.
func PublishEnded(ctx context.Context, redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}, user string, ids []string) error {
	message, err := json.Marshal(Ended{user, ids})
	if err == nil {
		_, err = redis.Do(ctx, "PUBLISH", EndedChannel, string(message))
	}
	if err != nil {
		return fmt.Errorf("announce ended sessions: %w", err)
	}
	return nil
}

// ParseEnded reads an announcement. What cannot be read names nobody.
func ParseEnded(message string) Ended {
	var e Ended
	if json.Unmarshal([]byte(message), &e) != nil {
		return Ended{}
	}
	return e
}
