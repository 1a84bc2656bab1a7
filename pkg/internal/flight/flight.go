// Package flight lets equal questions that are asked at the same time share one
// answer, whoever hangs up meanwhile. It remembers nothing: an answer, an error
// too, goes to those who were waiting for it and to nobody after them.
package flight

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/clockwork-timer/backend/pkg/panics"
)

// longest bounds a question of a caller who has no deadline.
const longest = 30 * time.Second

// Group shares questions by their key. Its zero value is ready for use.
type Group[T any] struct{ calls singleflight.Group }

// Do returns what ask answers, or what another caller's ask with the same key
// does, if that is under way. The key must hold everything on which the answer depends,
// such as whose credential is sent. Callers must not change the answer.
//
// Each caller waits as long as ctx lets them, and then gets its error. The ctx
// that ask gets has the values and the deadline of the first caller, but does not end
// when that caller hangs up. If the deadline was too short, a caller with more time asks
// again. A panic in ask is an error for all.
func (g *Group[T]) Do(ctx context.Context, key string, ask func(ctx context.Context) (T, error)) (T, error) {
	var none T
	for {
		own := false
		answers := g.calls.DoChan(key, func() (answer any, err error) {
			own = true
			free, cancel := detach(ctx)
			defer cancel()
			err = panics.Try(func() (err error) { // singleflight would end the process
				answer, err = ask(free)
				return err
			})
			return answer, err
		})
		select {
		case <-ctx.Done():
			return none, ctx.Err()
		case got := <-answers:
			if !own && ctx.Err() == nil && errors.Is(got.Err, context.DeadlineExceeded) {
				continue
			}
			answer, _ := got.Val.(T)
			return answer, got.Err
		}
	}
}

// detach keeps a context's values and deadline, but not its cancellation.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	at, limited := ctx.Deadline()
	if !limited {
		at = time.Now().Add(longest)
	}
	return context.WithDeadline(context.WithoutCancel(ctx), at)
}
