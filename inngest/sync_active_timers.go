package inngest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/inngest/inngestgo"
	"github.com/inngest/inngestgo/step"

	"github.com/clockwork-timer/backend/pkg/inngestapi"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersync"
)

// steps is the sync. Each may run twice: Inngest repeats one whose answer it
// did not get.
type steps interface {
	Acquire(ctx context.Context) (timersync.Acquired, error)
	Fetch(ctx context.Context, runID string, from timersync.Acquired) (timersync.Fetched, error)
	Write(ctx context.Context, runID string, f timersync.Fetched) (timercache.Result, error)
}

type syncActiveTimers struct {
	steps  steps
	domain string
}

// output is what a run shows in Inngest's dashboard.
type output struct {
	Source string            `json:"source"`
	Pages  int               `json:"pages"`
	Result timercache.Result `json:"result"`
	// Moved, Unproven and Unreadable are what the reading left open.
	Moved      bool   `json:"moved,omitempty"`
	Unproven   int    `json:"unproven,omitempty"`
	Unreadable int    `json:"unreadable,omitempty"`
	Warning    string `json:"warning,omitempty"`
}

// run is the function. Its event's data is read here rather than by the SDK,
// so that wrong types fail at once and in words.
func (f *syncActiveTimers) run(ctx context.Context, in inngestgo.Input[map[string]any]) (any, error) {
	if err := f.checkAny(in); err != nil {
		return nil, inngestgo.NoRetryError(err)
	}
	runID := in.InputCtx.RunID

	acquired, err := step.Run(ctx, timersync.StepAcquire, func(ctx context.Context) (timersync.Acquired, error) {
		return final(f.steps.Acquire(ctx))
	})
	if err != nil {
		return nil, err
	}
	fetched, err := step.Run(ctx, timersync.StepFetch, func(ctx context.Context) (timersync.Fetched, error) {
		return final(f.steps.Fetch(ctx, runID, acquired))
	})
	if err != nil {
		return nil, err
	}
	result, err := step.Run(ctx, timersync.StepWrite, func(ctx context.Context) (timercache.Result, error) {
		return final(f.steps.Write(ctx, runID, fetched))
	})
	if err != nil {
		return nil, err
	}
	return output{fetched.Source, fetched.Pages, result, fetched.Moved, fetched.Unproven, fetched.Unreadable, acquired.Warning}, nil
}

// checkAny refuses a run if every event of its batch is wrong.
func (f *syncActiveTimers) checkAny(in inngestgo.Input[map[string]any]) error {
	err := f.check(in.Event.Data)
	for _, event := range in.Events {
		if err == nil {
			break
		}
		err = f.check(event.Data)
	}
	return err
}

// check refuses an event that asks for another site: the Jira session must
// never leave the configured one. Unknown fields are ignored.
func (f *syncActiveTimers) check(raw map[string]any) error {
	encoded, err := json.Marshal(raw)
	if err != nil {
		return fmt.Errorf("the event's data cannot be read: %w", err)
	}
	var data inngestapi.Data
	if err := json.Unmarshal(encoded, &data); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fmt.Errorf("the event's data: %s must be a %s and is a %s", wrong.Field, wrong.Type, wrong.Value)
		}
		return fmt.Errorf("the event's data cannot be read: %w", err)
	}
	for name, value := range raw { // in whatever spelling, each of them
		asked, _ := value.(string)
		asked = strings.ToLower(strings.TrimSpace(asked))
		if strings.EqualFold(name, "jiraDomain") && asked != "" && asked != f.domain {
			return errors.New("the event asks for another Jira site than the configured one; nothing was sent there")
		}
	}
	return nil
}

// final marks an error that a retry cannot fix.
func final[T any](result T, err error) (T, error) {
	if timersync.Permanent(err) {
		return result, inngestgo.NoRetryError(err)
	}
	return result, err
}
