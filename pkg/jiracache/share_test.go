package jiracache_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/jiracache"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// memory is a Redis that knows GET, MGET and SET, and counts round trips.
type memory struct {
	mu     sync.Mutex
	values map[string]any
	trips  map[string]int
}

func (m *memory) Do(_ context.Context, cmd ...any) (any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trips[cmd[0].(string)]++
	if cmd[0] == "GET" {
		return m.values[cmd[1].(string)], nil
	}
	values := []any{}
	for _, key := range cmd[1:] {
		values = append(values, m.values[key.(string)])
	}
	return values, nil
}

func (m *memory) Pipeline(_ context.Context, cmds ...[]any) ([]any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trips["SET"]++
	for _, cmd := range cmds {
		m.values[cmd[1].(string)] = cmd[2]
	}
	return make([]any, len(cmds)), nil
}

// slow is a Jira that answers after a second, and counts.
type slow struct {
	mu   sync.Mutex
	asks map[string]int
	fail error
}

func (s *slow) answer(ctx context.Context, question string) error {
	s.mu.Lock()
	s.asks[question]++
	fail := s.fail
	s.mu.Unlock()
	select {
	case <-time.After(time.Second):
		return fail
	case <-ctx.Done():
		return &upstream.Error{Upstream: "jira", Op: "test", Err: ctx.Err()}
	}
}

func (s *slow) User(ctx context.Context, id string) (jira.User, error) {
	return jira.User{AccountID: id, DisplayName: "An Le"}, s.answer(ctx, "user "+id)
}

func (s *slow) FindUser(ctx context.Context, query string) (jira.User, error) {
	return jira.User{AccountID: "acc-1", EmailAddress: query}, s.answer(ctx, "find "+query)
}

func (s *slow) Issue(ctx context.Context, key string) (jira.Issue, error) {
	return jira.Issue{ID: "7", Key: key}, s.answer(ctx, "issue "+key)
}

func (s *slow) Issues(ctx context.Context, names []string) (map[string]jira.Issue, error) {
	found := map[string]jira.Issue{}
	for _, name := range names {
		found[name] = jira.Issue{ID: name, Key: "ABC-" + name}
	}
	return found, s.answer(ctx, "issues")
}

func newShared() (*jiracache.Cache, *memory, *slow) {
	redis, upstream := &memory{values: map[string]any{}, trips: map[string]int{}}, &slow{asks: map[string]int{}}
	return jiracache.New(redis, upstream, slog.New(slog.DiscardHandler)), redis, upstream
}

// Twenty callers who miss at the same time ask Jira once, for each thing.
func TestEqualLookUpsAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, redis, upstream := newShared()
		var callers sync.WaitGroup
		for n := range 20 {
			callers.Go(func() {
				user, err := cache.User(t.Context(), "acc-1")
				assert.NoError(t, err)
				assert.Equal(t, "An Le", user.DisplayName)
			})
			callers.Go(func() {
				user, err := cache.UserByEmail(t.Context(), []string{"a@example.test", "A@Example.test"}[n%2])
				assert.NoError(t, err)
				assert.Equal(t, "acc-1", user.AccountID)
			})
			callers.Go(func() {
				user, err := cache.FindUser(t.Context(), "acc-1")
				assert.NoError(t, err)
				assert.Equal(t, "acc-1", user.EmailAddress, "not what the account id finds")
			})
			callers.Go(func() {
				issue, err := cache.Issue(t.Context(), "ABC-7")
				assert.NoError(t, err)
				assert.Equal(t, "7", issue.ID)
			})
			callers.Go(func() {
				issues, err := cache.Issues(t.Context(), [][]string{{"1", "2"}, {"2", "1"}, {"2", "1", "2"}}[n%3])
				assert.NoError(t, err)
				assert.Len(t, issues, 2)
				issues["mine"] = jira.Issue{} // the answer is the caller's own
			})
		}
		callers.Wait()
		assert.Equal(t, map[string]int{"user acc-1": 1, "find a@example.test": 1, "find acc-1": 1, "issue ABC-7": 1, "issues": 1}, upstream.asks)
		assert.Equal(t, map[string]int{"GET": 60, "MGET": 20, "SET": 4}, redis.trips, "and one of them remembers it")
	})
}

func TestDifferentLookUpsAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, _, upstream := newShared()
		var callers sync.WaitGroup
		for _, id := range []string{"acc-1", "acc-2"} {
			callers.Go(func() {
				user, err := cache.User(t.Context(), id)
				assert.NoError(t, err)
				assert.Equal(t, id, user.AccountID)
			})
		}
		callers.Wait()
		assert.Len(t, upstream.asks, 2)
	})
}

// The first caller's hanging up is nobody else's business; who runs out of time
// is told that it was Jira.
func TestLookUpsOutliveTheirFirstCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, _, jiraAsked := newShared()
		first, hangUp := context.WithCancel(t.Context())
		hurried, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		var callers sync.WaitGroup
		callers.Go(func() {
			_, err := cache.User(first, "acc-1")
			assert.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		callers.Go(func() {
			_, err := cache.User(t.Context(), "acc-1")
			assert.NoError(t, err)
		})
		callers.Go(func() {
			_, err := cache.User(hurried, "acc-1")
			var failed *upstream.Error
			if assert.ErrorAs(t, err, &failed) {
				assert.Equal(t, "jira", failed.Upstream)
				assert.True(t, failed.Timeout())
			}
		})
		synctest.Wait()
		hangUp()
		callers.Wait()
		assert.Equal(t, map[string]int{"user acc-1": 1}, jiraAsked.asks)
	})
}

// A failure is told to those who wait, and not remembered.
func TestFailedLookUpsAreAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, redis, jiraAsked := newShared()
		jiraAsked.fail = errors.New("boom")
		var callers sync.WaitGroup
		for range 5 {
			callers.Go(func() {
				_, err := cache.Issue(t.Context(), "ABC-7")
				assert.ErrorIs(t, err, jiraAsked.fail)
			})
		}
		callers.Wait()
		assert.Empty(t, redis.values)
		jiraAsked.fail = nil
		_, err := cache.Issue(t.Context(), "ABC-7")
		assert.NoError(t, err)
		assert.Equal(t, map[string]int{"issue ABC-7": 2}, jiraAsked.asks)
	})
}

// Two people whose addresses differ by a letter of another script are two.
func TestAddressesThatLookAlikeAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, redis, upstream := newShared()
		for _, email := range []string{"kate@example.test", "\u212Aate@example.test", "KATE@example.test"} {
			user, err := cache.UserByEmail(t.Context(), email)
			assert.NoError(t, err)
			assert.Equal(t, timer.NormalizeEmail(email), user.EmailAddress)
		}
		assert.Equal(t, map[string]int{"find kate@example.test": 1, "find \u212Aate@example.test": 1}, upstream.asks)
		assert.Contains(t, redis.values, "jira:email:kate@example.test")
		assert.Contains(t, redis.values, "jira:email:\u212Aate@example.test")
	})
}
