package timersync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/timersource"
)

// stored reads the sealed tokens of all sources, with one command; none where
// nothing is stored because there is no key.
func (t *Tokens) stored(ctx context.Context) (map[string]string, error) {
	sealed := map[string]string{}
	if t.vault == nil {
		return sealed, nil
	}
	cmd := []any{"MGET"}
	for _, s := range t.sources {
		cmd = append(cmd, t.key(s.Name()))
	}
	reply, err := t.redis.Do(ctx, cmd...)
	if err != nil {
		return nil, fmt.Errorf("read stored tokens: %w", err)
	}
	if values, ok := reply.([]any); ok && len(values) == len(t.sources) {
		for i, s := range t.sources {
			sealed[s.Name()], _ = values[i].(string)
		}
	}
	return sealed, nil
}

// usable returns a token that lasts: the stored one, which other instances see
// too, else the one held in this process.
func (t *Tokens) usable(s Source, sealed string) (timersource.Token, bool) {
	if t.vault != nil {
		if token, ok := t.vault.open(t.key(s.Name()), sealed); ok && t.lasts(token) {
			return token, true
		}
		return timersource.Token{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	token, ok := t.held[s.Name()]
	return token, ok && t.lasts(token)
}

func (t *Tokens) lasts(token timersource.Token) bool {
	return token.ExpiresAt.Sub(t.now()) > tokenMargin
}

// keep stores a token for later syncs, here or encrypted in Redis.
func (t *Tokens) keep(ctx context.Context, s Source, token timersource.Token) {
	if t.vault == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.held[s.Name()] = token
		return
	}
	life := int((token.ExpiresAt.Sub(t.now()) - tokenMargin) / time.Second)
	if life <= 0 {
		return
	}
	name := t.key(s.Name())
	sealed, err := t.vault.seal(name, token)
	if err == nil {
		_, err = t.redis.Do(ctx, "SET", name, sealed, "EX", life)
	}
	if err != nil {
		t.log.WarnContext(ctx, "token not stored", "source", s.Name(), "error", err)
	}
}

// drop forgets a token that was refused.
func (t *Tokens) drop(ctx context.Context, s Source) {
	t.mu.Lock()
	delete(t.held, s.Name())
	t.mu.Unlock()
	if t.vault == nil {
		return
	}
	if _, err := t.redis.Do(ctx, "DEL", t.key(s.Name())); err != nil {
		t.log.WarnContext(ctx, "refused token not dropped", "source", s.Name(), "error", err)
	}
}

// acquire gets a new token, one acquisition at a time: whoever finds the lock
// taken waits for the other's token instead of asking Jira too.
func (t *Tokens) acquire(ctx context.Context, s Source) (timersource.Token, error) {
	if t.vault == nil {
		return t.fresh(ctx, s)
	}
	lock, mine := t.key(s.Name())+":lock", rand.Text()
	for waited := time.Duration(0); waited < lockLife; waited += lockPause {
		got, err := t.redis.Do(ctx, "SET", lock, mine, "NX", "PX", lockLife.Milliseconds())
		if err != nil {
			return timersource.Token{}, fmt.Errorf("lock token acquisition: %w", err)
		}
		if got != nil {
			defer t.unlock(ctx, lock, mine)
			break
		}
		if err := t.pause(ctx, lockPause); err != nil {
			return timersource.Token{}, err
		}
	}
	// Another may have acquired one just before the lock was free.
	sealed, err := t.redis.Do(ctx, "GET", t.key(s.Name()))
	if err != nil {
		return timersource.Token{}, fmt.Errorf("read stored token: %w", err)
	}
	text, _ := sealed.(string)
	if token, ok := t.usable(s, text); ok {
		return token, nil
	}
	return t.fresh(ctx, s)
}

func (t *Tokens) fresh(ctx context.Context, s Source) (timersource.Token, error) {
	token, err := s.Acquire(ctx)
	if err != nil {
		return timersource.Token{}, err
	}
	t.keep(ctx, s, token)
	return token, nil
}

// unlockScript deletes the lock only while it is still ours: after lockLife it
// may be another's.
const unlockScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

func (t *Tokens) unlock(ctx context.Context, lock, mine string) {
	// The lock is freed even where the caller has gone away meanwhile.
	if _, err := t.redis.Do(context.WithoutCancel(ctx), "EVAL", unlockScript, 1, lock, mine); err != nil {
		t.log.WarnContext(ctx, "token lock not freed, it ends by itself", "error", err)
	}
}

// timers reads the timers by the named source with its stored token. A token
// that is refused is dropped and acquired anew, once; a source that is gone
// gives way to the others.
func (t *Tokens) timers(ctx context.Context, name, sealed string) (timersource.Snapshot, string, error) {
	err := error(timersource.ErrSourceGone)
	for _, s := range t.from(name) {
		var snapshot timersource.Snapshot
		snapshot, err = t.timersOf(ctx, s, sealed)
		if !errors.Is(err, timersource.ErrSourceGone) {
			return snapshot, s.Name(), err
		}
		t.drop(ctx, s)
		sealed = ""
	}
	return timersource.Snapshot{}, "", err
}

// from lists the sources, the named one first.
func (t *Tokens) from(name string) []Source {
	ordered := make([]Source, 0, len(t.sources))
	for _, s := range t.sources {
		if s.Name() == name {
			ordered = append([]Source{s}, ordered...)
			continue
		}
		ordered = append(ordered, s)
	}
	return ordered
}

func (t *Tokens) timersOf(ctx context.Context, s Source, sealed string) (timersource.Snapshot, error) {
	token, ok := t.usable(s, sealed)
	if !ok {
		var err error
		if token, err = t.acquire(ctx, s); err != nil {
			return timersource.Snapshot{}, err
		}
	}
	snapshot, err := s.Timers(ctx, token)
	if errors.Is(err, timersource.ErrTokenRefused) {
		t.drop(ctx, s)
		if token, err = t.acquire(ctx, s); err != nil {
			return timersource.Snapshot{}, err
		}
		if snapshot, err = s.Timers(ctx, token); errors.Is(err, timersource.ErrTokenRefused) {
			t.drop(ctx, s)
			return timersource.Snapshot{}, fmt.Errorf("%w: %w", ErrRefusedTwice, err)
		}
	}
	if err == nil && snapshot.Renewed != nil {
		t.keep(ctx, s, *snapshot.Renewed)
	}
	return snapshot, err
}
