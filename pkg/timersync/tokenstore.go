package timersync

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/timersource"
)

const (
	tokenPrefix = "clockwork:token:"
	// syncKey is where the cache says what its last snapshot came from.
	syncKey = "clockwork:sync"
	// claimPrefix begins a claim, which is stored instead of the token while that is
	// acquired. No sealed token begins with it.
	claimPrefix = "acquiring:"
)

// key is where the token of a source is stored.
func (t *Tokens) key(source string) string { return tokenPrefix + source + ":" + t.site }

// stored is what the first step reads of Redis with one command. The second step
// of the same process need not read it again.
type stored struct {
	sealed map[string]string // tokens, by source
	sync   string            // the sync record
	// requested is set if somebody has requested a sync.
	requested string
}

// source is from which source the last snapshot came.
func (s stored) source() string {
	var state struct {
		Source string `json:"source"`
	}
	_ = json.Unmarshal([]byte(s.sync), &state) // without it, the usual order
	return state.Source
}

// stored reads the sealed tokens of all sources, and the sync record; nil if
// nothing of it is needed.
func (t *Tokens) stored(ctx context.Context) (*stored, error) {
	read := &stored{sealed: map[string]string{}}
	keys := []string{requestKey, syncKey}
	if t.vault != nil {
		for _, s := range t.sources {
			keys = append(keys, t.key(s.Name()))
		}
	} else if len(t.sources) == 1 {
		return nil, nil
	}
	values, err := redis.GetAll(ctx, t.redis, keys)
	if err != nil {
		return nil, fmt.Errorf("read stored tokens: %w", err)
	}
	read.requested, read.sync = values[0], values[1]
	for i, sealed := range values[2:] {
		read.sealed[t.sources[i].Name()] = sealed
	}
	return read, nil
}

// usable returns a token that has not ended: the stored one or, without a key, the one of
// this process.
func (t *Tokens) usable(s Source, sealed string) (timersource.Token, bool) {
	if t.vault != nil {
		token, ok := t.vault.open(t.key(s.Name()), sealed)
		return token, ok && t.lasts(token)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	token, ok := t.held[s.Name()]
	return token, ok && t.lasts(token)
}

func (t *Tokens) lasts(token timersource.Token) bool {
	return token.ExpiresAt.Sub(t.now()) > tokenMargin
}

// store stores a token for later syncs and returns it as it is stored, "" if
// it is not: that costs later syncs an acquisition, and nothing else.
func (t *Tokens) store(ctx context.Context, s Source, token timersource.Token) string {
	if t.vault == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.held[s.Name()] = token
		return ""
	}
	cmd := t.storeCommand(ctx, s.Name(), token)
	if cmd == nil {
		return ""
	}
	if _, err := t.redis.Do(ctx, cmd...); err != nil {
		t.log.WarnContext(ctx, "token not stored", "source", s.Name(), "error", err)
		return ""
	}
	return cmd[2].(string)
}

// storeCommand is the SET that stores a token, or nil if it ends too soon.
func (t *Tokens) storeCommand(ctx context.Context, source string, token timersource.Token) []any {
	life := (token.ExpiresAt.Sub(t.now()) - tokenMargin).Milliseconds()
	if life <= 0 {
		return nil
	}
	sealed, err := t.vault.seal(t.key(source), token)
	if err != nil {
		t.log.WarnContext(ctx, "token not sealed", "source", source, "error", err)
		return nil
	}
	return []any{"SET", t.key(source), sealed, "PX", life}
}

// renewal returns the command that stores a token which came with the timers, or none if
// that is not worth it.
func (t *Tokens) renewal(ctx context.Context, used timersource.Token, source string, renewed *timersource.Token) [][]any {
	if renewed == nil {
		return nil
	}
	if t.vault == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.held[source] = *renewed
		return nil
	}
	if renewed.ExpiresAt.Sub(used.ExpiresAt) < renewalGain {
		return nil
	}
	if cmd := t.storeCommand(ctx, source, *renewed); cmd != nil {
		return [][]any{cmd}
	}
	return nil
}

// claimScript replaces what was seen by a claim, and returns what is stored then: the
// claim, or what another process has stored meanwhile.
const claimScript = `
local held = redis.call('GET', KEYS[1]) or ''
if held ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return ARGV[2]`

func (t *Tokens) claim(ctx context.Context, s Source, seen, mine string) (held string, err error) {
	reply, err := t.redis.Do(ctx, "EVAL", claimScript, 1, t.key(s.Name()), seen, mine, claimTTL.Milliseconds())
	if err != nil {
		return "", fmt.Errorf("claim token acquisition: %w", err)
	}
	held, _ = reply.(string)
	return held, nil
}

func isClaim(stored string) bool { return strings.HasPrefix(stored, claimPrefix) }

// dropScript deletes what was seen; what another has put there meanwhile stays.
const dropScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

// drop deletes a token or a claim that is of no more use, even if the caller has gone
// away.
func (t *Tokens) drop(ctx context.Context, s Source, stored string) {
	t.mu.Lock()
	delete(t.held, s.Name())
	t.mu.Unlock()
	if t.vault == nil || stored == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, err := t.redis.Do(ctx, "EVAL", dropScript, 1, t.key(s.Name()), stored); err != nil {
		t.log.WarnContext(ctx, "stored token not dropped, it ends by itself", "source", s.Name(), "error", err)
	}
}
