package syncloop

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
)

const (
	lockKey = "clockwork:sync:lock"
	// lease is how long the lock of a server that died keeps the others waiting. The
	// owner of the lock renews it six times as often.
	lease = 30 * time.Second
	// rest is the lock's value from the end of a sync until the next one is due.
	rest = "done"
	// releaseTimeout bounds the last command of a server that shuts down.
	releaseTimeout = 2 * time.Second
)

var (
	errBusy = errors.New("another server syncs, or has just done so")
	errLost = errors.New("another server has taken over the sync")
)

// lock is held in Redis by the server that syncs. All times are Redis' own.
type lock struct {
	redis Redis
	lease time.Duration
}

// The scripts compare the lock with the caller's token: KEYS[1] is the lock.
const (
	acquireRequested = `local v = redis.call('GET', KEYS[1])
if v and v ~= '` + rest + `' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`
	renew = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`
	release = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], '` + rest + `', 'PX', ARGV[2])
if ARGV[3] == '' then redis.call('DEL', KEYS[2]) else redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4]) end
return 1`
)

// acquire returns a token that proves the ownership, or errBusy. A requested sync
// does not wait until the next one is due.
func (l lock) acquire(ctx context.Context, requested bool) (token string, err error) {
	token = rand.Text()
	var reply any
	if requested {
		reply, err = l.redis.Do(ctx, "EVAL", acquireRequested, 1, lockKey, token, l.lease.Milliseconds())
	} else {
		reply, err = l.redis.Do(ctx, "SET", lockKey, token, "NX", "PX", l.lease.Milliseconds())
	}
	switch {
	case err != nil:
		return "", err
	case reply == nil, reply == int64(0):
		return "", errBusy
	}
	return token, nil
}

// while calls run as long as the lock is the token's: run's context ends when
// another server has the lock, or when Redis did not confirm it for half a lease.
func (l lock) while(ctx context.Context, token string, run func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	renewed := make(chan error, 1)
	go func() {
		renewed <- panics.Try(func() error { return l.renewUntil(ctx, token, cancel) })
	}()
	err := run(ctx)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errLost) {
		err = cause
	}
	cancel(nil)
	return errors.Join(err, <-renewed)
}

func (l lock) renewUntil(ctx context.Context, token string, lost context.CancelCauseFunc) error {
	tick := time.NewTicker(l.lease / 6)
	defer tick.Stop()
	confirmed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		asked := time.Now()
		reply, err := l.redis.Do(ctx, "EVAL", renew, 1, lockKey, token, l.lease.Milliseconds())
		switch {
		case err == nil && reply == int64(1):
			confirmed = asked
		case err == nil, time.Since(confirmed) > l.lease/2: // well before another server gets it
			lost(errLost)
			return nil
		}
	}
}

// release gives the lock back if it is still the token's: for d, only a requested
// sync takes it then. A failure is stored for health and doctor.
func (l lock) release(ctx context.Context, token string, d time.Duration, failure string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	// Without an answer the lease ends by itself.
	_, _ = l.redis.Do(ctx, "EVAL", release, 2, lockKey, failureKey, token, d.Milliseconds(), failure, failureLife.Milliseconds())
}
