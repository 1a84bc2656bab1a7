// Package flight lets equal questions that are asked at the same time share one
// answer, whoever hangs up meanwhile. It remembers nothing: an answer, an error
// too, goes to those who were waiting for it and to nobody after them.
package flight

import (
	"context"
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
// again. What ask itself gave up in time, or a panic in it, is an error for all.
func (g *Group[T]) Do(ctx context.Context, key string, ask func(ctx context.Context) (T, error)) (T, error) {
	for {
		own := false
		answers := g.calls.DoChan(key, func() (any, error) {
			own = true
			return put(ctx, ask), nil
		})
		select {
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		case got := <-answers:
			a := got.Val.(answer[T])
			if !own && a.late && ctx.Err() == nil {
				continue
			}
			return a.value, a.err
		}
	}
}

// answer is what came of a question.
type answer[T any] struct {
	value T
	err   error
	late  bool // the time of the caller who asked was over
}

// put asks with the time of the caller whose context it is.
func put[T any](ctx context.Context, ask func(ctx context.Context) (T, error)) (a answer[T]) {
	free, cancel := detach(ctx)
	defer cancel()
	a.err = panics.Try(func() (err error) { // in a goroutine of its own it would end the process
		a.value, err = ask(free)
		return err
	})
	a.late = a.err != nil && free.Err() != nil
	return a
}

// detach keeps a context's values and deadline, but not its cancellation.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	at, limited := ctx.Deadline()
	if !limited {
		at = time.Now().Add(longest)
	}
	return context.WithDeadline(context.WithoutCancel(ctx), at)
}
