package flight_test

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/internal/flight"
)

type answer struct {
	value string
	err   error
}

// asker is a question that counts how often it is put, and takes a while.
type asker struct {
	flight.Group[string]
	asked atomic.Int64
	late  atomic.Int64 // that ended by their deadline
	takes time.Duration
	fail  error
}

func (a *asker) ask(ctx context.Context, key string) <-chan answer {
	got := make(chan answer, 1)
	go func() {
		value, err := a.Do(ctx, key, func(ctx context.Context) (string, error) {
			n := a.asked.Add(1)
			select {
			case <-time.After(a.takes):
				return key + strconv.FormatInt(n, 10), a.fail
			case <-ctx.Done():
				a.late.Add(1)
				return "", ctx.Err()
			}
		})
		got <- answer{value, err}
	}()
	return got
}

// The tests run in a bubble, whose time stands still until all wait.
func TestEqualQuestionsShareOneAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{takes: time.Second}
		var waiting []<-chan answer
		for range 50 {
			waiting = append(waiting, a.ask(t.Context(), "k"))
		}
		other := a.ask(t.Context(), "other")
		for _, got := range waiting {
			assert.Equal(t, "k", (<-got).value[:1])
		}
		assert.NoError(t, (<-other).err)
		assert.EqualValues(t, 2, a.asked.Load(), "one for each key")

		assert.Equal(t, "k3", (<-a.ask(t.Context(), "k")).value, "nothing is remembered")
	})
}

func TestErrorsGoToThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		a := &asker{takes: time.Second, fail: boom}
		first, second := a.ask(t.Context(), "k"), a.ask(t.Context(), "k")
		assert.ErrorIs(t, (<-first).err, boom)
		assert.ErrorIs(t, (<-second).err, boom)
		assert.EqualValues(t, 1, a.asked.Load())
		synctest.Wait()

		a.fail = nil
		assert.NoError(t, (<-a.ask(t.Context(), "k")).err, "and to nobody after them")
	})
}

func TestFirstCallerHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{takes: time.Second}
		ctx, hangUp := context.WithCancel(t.Context())
		first := a.ask(ctx, "k")
		synctest.Wait()
		second := a.ask(t.Context(), "k")
		synctest.Wait()
		hangUp()
		began := time.Now()
		assert.Equal(t, answer{"", context.Canceled}, <-first)
		assert.Zero(t, time.Since(began), "who hangs up does not wait")
		assert.Equal(t, answer{"k1", nil}, <-second)
		assert.EqualValues(t, 1, a.asked.Load())
	})
}

func TestAllCallersHangUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{takes: time.Hour}
		ctx, hangUp := context.WithCancel(t.Context())
		first := a.ask(ctx, "k")
		synctest.Wait()
		hangUp()
		assert.ErrorIs(t, (<-first).err, context.Canceled)
		assert.Zero(t, a.late.Load(), "the question goes on")
		time.Sleep(30 * time.Second) // of the bubble's time
		synctest.Wait()
		assert.EqualValues(t, 1, a.late.Load(), "but not for ever")
	})
}

// Each waits no longer than they want to, and no shorter because the first had
// less time.
func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{takes: 3 * time.Second}
		within := func(d time.Duration) <-chan answer {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			t.Cleanup(cancel)
			return a.ask(ctx, "k")
		}
		hurried := within(2 * time.Second)
		synctest.Wait()
		patient, moreHurried := within(10*time.Second), within(time.Second)
		began := time.Now()
		assert.ErrorIs(t, (<-moreHurried).err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(began))
		assert.ErrorIs(t, (<-hurried).err, context.DeadlineExceeded)
		assert.Equal(t, 2*time.Second, time.Since(began))
		assert.Equal(t, answer{"k2", nil}, <-patient)
		assert.Equal(t, 5*time.Second, time.Since(began))
	})
}

type key struct{}

func TestValuesAreTheFirstCallers(t *testing.T) {
	var g flight.Group[any]
	got, err := g.Do(context.WithValue(t.Context(), key{}, "request-1"), "k", func(ctx context.Context) (any, error) {
		_, limited := ctx.Deadline()
		assert.True(t, limited, "always")
		return ctx.Value(key{}), nil
	})
	require.NoError(t, err)
	assert.Equal(t, "request-1", got)
}

func TestPanicIsAnErrorForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[string]
		errs := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := g.Do(t.Context(), "k", func(context.Context) (string, error) {
					time.Sleep(time.Second)
					panic("out of cheese")
				})
				errs <- err
			}()
		}
		for range 2 {
			err := <-errs
			require.ErrorContains(t, err, "panic: out of cheese")
			assert.ErrorContains(t, err, "flight_test.go", "where it was")
		}
	})
}

func TestNilAnswer(t *testing.T) {
	var g flight.Group[map[string]int]
	got, err := g.Do(t.Context(), "k", func(context.Context) (map[string]int, error) { return nil, nil })
	require.NoError(t, err)
	assert.Nil(t, got)
}
