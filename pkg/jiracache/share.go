package jiracache

import (
	"context"
	"errors"

	"github.com/clockwork-timer/backend/pkg/internal/flight"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// share asks Jira together with all who ask the same now. Who gives up waiting
// gets the error that they would have got alone.
func share[T any](ctx context.Context, group *flight.Group[T], key string, ask func(context.Context) (T, error)) (T, error) {
	answer, err := group.Do(ctx, key, ask)
	if _, ok := errors.AsType[*upstream.Error](err); err != nil && errors.Is(err, ctx.Err()) && !ok {
		err = &upstream.Error{Upstream: "jira", Op: "lookup", Err: err}
	}
	return answer, err
}
