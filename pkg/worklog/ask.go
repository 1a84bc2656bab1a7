package worklog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// ask reads the worklogs from Clockwork, together with all who ask the same now
// with the same token: what it may see is its owner's. The list is the caller's
// own, to change.
func (s *Service) ask(ctx context.Context, token secret.Text, q clockwork.WorklogQuery) (clockwork.Worklogs, error) {
	answer, err := s.asking.Do(ctx, question(token, q), func(ctx context.Context) (clockwork.Worklogs, error) {
		return s.Clockwork.Worklogs(ctx, token, q)
	})
	if _, ok := errors.AsType[*upstream.Error](err); err != nil && errors.Is(err, ctx.Err()) && !ok {
		err = &upstream.Error{Upstream: "clockwork", Op: "worklogs.list", Err: err} // the caller's time was up
	}
	answer.List = slices.Clone(answer.List)
	return answer, err
}

// question tells queries apart. It does not hold the token.
func question(token secret.Text, q clockwork.WorklogQuery) string {
	return fmt.Sprintf("%x\n%q\n%d\n%s\n%s\n%s", sha256.Sum256([]byte(token.Reveal())), q.AccountID, q.Limit,
		q.From.Format(time.DateOnly), q.To.Format(time.DateOnly), q.Location)
}
