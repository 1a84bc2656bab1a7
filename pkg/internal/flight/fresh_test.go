package flight_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/internal/flight"
)

// clock asks what time it is. The answer is of when it was asked, and takes some time.
func clock(ctx context.Context, f *flight.Fresh[time.Time], takes time.Duration, asked *atomic.Int32) <-chan time.Time {
	got := make(chan time.Time, 1)
	go func() {
		at, _ := f.Do(ctx, func(context.Context) (time.Time, error) {
			asked.Add(1)
			now := time.Now()
			time.Sleep(takes)
			return now, nil
		})
		got <- at
	}()
	return got
}

func TestFreshAnswersAreOfAfterTheQuestion(t *testing.T) {
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		takes, second, third time.Duration // when 50 come each
		want                 [2]time.Duration
	}{
		"quick":                {2 * ms, ms, ms, [2]time.Duration{2 * ms, 2 * ms}},
		"far":                  {time.Second, 500 * ms, 504 * ms, [2]time.Duration{505 * ms, 505 * ms}},
		"two-are-under-way":    {time.Second, 500 * ms, 600 * ms, [2]time.Duration{505 * ms, 1005 * ms}},
		"the-first-ends-first": {time.Second, 998 * ms, 999 * ms, [2]time.Duration{1000 * ms, 1000 * ms}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var f flight.Fresh[time.Time]
				var asked atomic.Int32
				began := time.Now()
				first := clock(t.Context(), &f, tc.takes, &asked)
				var later [2][]<-chan time.Time
				for i, at := range []time.Duration{tc.second, tc.third} {
					time.Sleep(time.Until(began.Add(at)))
					for range 50 {
						later[i] = append(later[i], clock(t.Context(), &f, tc.takes, &asked))
					}
				}
				assert.Equal(t, began, <-first)
				questions := map[time.Duration]bool{0: true}
				for i, all := range later {
					for _, got := range all {
						at := (<-got).Sub(began)
						require.Equal(t, tc.want[i], at)
						questions[at] = true
					}
				}
				assert.EqualValues(t, len(questions), asked.Load())
				now := time.Now()
				assert.Equal(t, now, <-clock(t.Context(), &f, tc.takes, &asked), "nothing is remembered")
			})
		})
	}
}

func TestFreshFailures(t *testing.T) {
	boom := errors.New("boom")
	for name, tc := range map[string]struct {
		takes time.Duration
		fails func() error
		want  string
	}{
		"error": {time.Second, func() error { return boom }, "boom"},
		"panic": {time.Second, func() error { panic("out of cheese") }, "panic: out of cheese"},
		"late":  {time.Hour, func() error { return boom }, context.DeadlineExceeded.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var f flight.Fresh[int]
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := f.Do(ctx, func(ctx context.Context) (int, error) {
					select {
					case <-time.After(tc.takes):
						return 0, tc.fails()
					case <-ctx.Done():
						return 0, ctx.Err()
					}
				})
				require.ErrorContains(t, err, tc.want)
				got, err := f.Do(t.Context(), func(context.Context) (int, error) { return 7, nil })
				require.NoError(t, err, "the next one is asked all the same")
				assert.Equal(t, 7, got)
			})
		})
	}
}

// Who has more time than the first asks again.
func TestFreshDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flight.Fresh[time.Time]
		var asked atomic.Int32
		began := time.Now()
		underWay := clock(t.Context(), &f, time.Second, &asked)
		synctest.Wait()
		hurried, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		first := make(chan error, 1)
		go func() {
			_, err := f.Do(hurried, func(ctx context.Context) (time.Time, error) { <-ctx.Done(); return time.Time{}, ctx.Err() })
			first <- err
		}()
		synctest.Wait()
		patient := clock(t.Context(), &f, time.Second, &asked)
		<-underWay
		assert.ErrorIs(t, <-first, context.DeadlineExceeded)
		assert.Equal(t, began.Add(1500*time.Millisecond), <-patient)
	})
}

// What the question itself gave up in time is not asked once more by each who waited.
func TestGivenUpInTime(t *testing.T) {
	for name, do := range map[string]func() func(context.Context, func(context.Context) (int, error)) (int, error){
		"group": func() func(context.Context, func(context.Context) (int, error)) (int, error) {
			var g flight.Group[int]
			return func(ctx context.Context, ask func(context.Context) (int, error)) (int, error) {
				return g.Do(ctx, "k", ask)
			}
		},
		"fresh": func() func(context.Context, func(context.Context) (int, error)) (int, error) {
			var f flight.Fresh[int]
			return f.Do
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				do, began := do(), time.Now()
				failed := make(chan error, 20)
				for range 20 {
					go func() {
						_, err := do(ctx, func(ctx context.Context) (int, error) {
							ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
							defer cancel()
							<-ctx.Done()
							return 0, ctx.Err()
						})
						failed <- err
					}()
				}
				for range 20 {
					assert.ErrorIs(t, <-failed, context.DeadlineExceeded)
				}
				assert.LessOrEqual(t, time.Since(began), 4*time.Second, "the question under way, and the next one")
			})
		})
	}
}
