package team

import (
	"context"
	"fmt"

	"github.com/clockwork-timer/backend/pkg/settings"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Choice is how much a person lets others see.
type Choice string

// The choices. Somebody who has chosen nothing has chosen Full.
const (
	Full       Choice = "full"
	StatusOnly Choice = "status"
	Hidden     Choice = "none"
)

// Choices are those of everybody who has chosen less than Full, by account id.
type Choices map[string]Choice

const (
	// choicesKey is a hash. It has no lifetime, because a choice that is forgotten
	// shows what was to be hidden; it has a field for each person who has one.
	choicesKey = "clockwork:visibility"
	// ChoicesChannel gets the account id of everybody who chooses.
	ChoicesChannel = "clockwork:visibility"
)

// Redis is what choices are stored in.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
	Pipeline(ctx context.Context, cmds ...[]any) ([]any, error)
}

// Choose stores a person's choice, and tells those who wait for news.
func (t *Team) Choose(ctx context.Context, accountID string, choice Choice) error {
	store := []any{"HSET", choicesKey, accountID, string(choice)}
	if choice == Full {
		store = []any{"HDEL", choicesKey, accountID}
	}
	replies, err := t.Redis.Pipeline(ctx, store, []any{"PUBLISH", ChoicesChannel, accountID})
	if err == nil && len(replies) > 0 {
		err, _ = replies[0].(error)
	}
	if err != nil {
		return fmt.Errorf("%w: store visibility: %w", settings.ErrUnavailable, err)
	}
	return nil
}

// ChoiceOf reads one person's choice.
func (t *Team) ChoiceOf(ctx context.Context, accountID string) (Choice, error) {
	reply, err := t.Redis.Do(ctx, "HGET", choicesKey, accountID)
	text, ok := reply.(string)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: read visibility: %w", settings.ErrUnavailable, err)
	case reply == nil:
		return Full, nil
	case !ok:
		return "", fmt.Errorf("%w: read visibility: an answer of type %T", settings.ErrUnavailable, reply)
	}
	return choiceOf(text), nil
}

// Valid reports whether there is such a choice.
func (c Choice) Valid() bool { return c == Full || c == StatusOnly || c == Hidden }

// choiceOf reads a stored choice. One of another version hides.
func choiceOf(text string) Choice {
	if choice := Choice(text); choice.Valid() {
		return choice
	}
	return Hidden
}

func choicesOf(reply any) (Choices, error) {
	fields, ok := reply.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: read visibility: an answer of type %T", timercache.ErrUnavailable, reply)
	}
	choices := make(Choices, len(fields)/2)
	for i := 0; i+1 < len(fields); i += 2 {
		account, _ := fields[i].(string)
		text, _ := fields[i+1].(string)
		choices[account] = choiceOf(text)
	}
	return choices, nil
}
