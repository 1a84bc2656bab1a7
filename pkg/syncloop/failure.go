package syncloop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/timersync"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

const (
	failureKey  = "clockwork:sync:failure"
	failureLife = time.Hour
)

// Failure is the last sync of any server, if it failed. Its message has nothing
// secret, so health can show it.
type Failure struct {
	At      time.Time `json:"at"`
	Message string    `json:"message"`
}

// LastFailure reads it; nil means that the last sync did not fail.
func LastFailure(ctx context.Context, redis Redis) (*Failure, error) {
	reply, err := redis.Do(ctx, "GET", failureKey)
	text, _ := reply.(string)
	if err != nil || text == "" {
		return nil, err
	}
	failed := &Failure{}
	if err := json.Unmarshal([]byte(text), failed); err != nil {
		return nil, err
	}
	return failed, nil
}

// failure is what is stored of an error, and "" of none.
func (l *Loop) failure(err error) string {
	if err == nil {
		return ""
	}
	encoded, _ := json.Marshal(Failure{l.Now().UTC().Truncate(time.Second), explain(err)})
	return string(encoded)
}

// explain says what to do about a failed sync, in the words of the screens.
func explain(err error) string {
	failed, ok := errors.AsType[*upstream.Error](err)
	switch {
	case errors.Is(err, timersource.ErrSessionExpired):
		return "Jira refuses the session: renew JIRA_TENANT_SESSION_TOKEN."
	case errors.Is(err, timersync.ErrRefusedTwice), errors.Is(err, timersource.ErrTokenRefused):
		return "Clockwork refuses the session's user: use the session of a user who may open Clockwork in Jira."
	case timersync.Permanent(err):
		return "Clockwork's timers cannot be read on this site: run `server doctor`."
	case ok && failed.Status != 0:
		return fmt.Sprintf("%s answered %d.", failed.Upstream, failed.Status)
	case ok:
		return failed.Upstream + " could not be reached."
	}
	return "The server's log says why."
}
