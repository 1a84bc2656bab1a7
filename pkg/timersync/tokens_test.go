package timersync_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/timersync"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const (
	forgeKey   = "clockwork:token:forge:example.atlassian.net"
	connectKey = "clockwork:token:connect:example.atlassian.net"
)

// acquisition is the operation that makes a token of a source.
var acquisition = map[string]string{"forge": "forge.sign_context_token", "connect": "connect.servlet"}

// stored is what Redis holds under a key, "" for nothing.
func (w *world) stored(key string) string {
	w.t.Helper()
	_, err := w.db.client.Do(context.Background(), "PING") // the stand-in looks at the clock
	require.NoError(w.t, err)
	got, err := w.rdb.MGet(context.Background(), key).Result()
	require.NoError(w.t, err)
	text, _ := got[0].(string)
	return text
}

func TestTokenIsReusedUntilAMinuteBeforeItsEnd(t *testing.T) {
	for source, operation := range acquisition {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			w := onMini(t)
			w.sources = []string{source}
			w.box.Switch(func(s *sandbox.Switches) { s.NoTokenRenewal = true })
			acquire := func() timersync.Acquired {
				got, err := w.process().Acquire(t.Context())
				require.NoError(t, err)
				return got
			}
			first := acquire()
			assert.False(t, first.Reused)
			assert.Equal(t, start.Add(15*time.Minute), first.ExpiresAt)
			w.clock.Advance(14*time.Minute - time.Second)
			again := acquire()
			assert.Equal(t, []any{source, first.ExpiresAt, true}, []any{again.Source, again.ExpiresAt, again.Reused})
			assert.Equal(t, 1, w.box.Requests()[operation])
			w.clock.Advance(time.Second)
			assert.Empty(t, w.stored(map[string]string{"forge": forgeKey, "connect": connectKey}[source]), "it ends in Redis too")
			second := acquire()
			assert.False(t, second.Reused)
			assert.Equal(t, 2, w.box.Requests()[operation])
			assert.Equal(t, first.ExpiresAt.Add(14*time.Minute), second.ExpiresAt)
		})
	}
}

func TestTokenRenewedByForgeIsKept(t *testing.T) {
	w := onMini(t)
	for range 12 { // an hour, of tokens that live a quarter
		w.sync()
		w.clock.Advance(5 * time.Minute)
	}
	assert.Equal(t, 1, w.box.Requests()[acquisition["forge"]])
	w.settledAfter()
}

// settledAfter syncs once more and compares.
func (w *world) settledAfter() {
	w.t.Helper()
	w.sync()
	w.settled()
}

// A write is billed: what lives hardly longer is not stored.
func TestTokenRenewedIsNotStoredByEachSync(t *testing.T) {
	w := onMini(t)
	w.sync()
	before := w.stored(forgeKey)
	require.NotEmpty(t, before)
	w.clock.Advance(4 * time.Minute)
	w.sync()
	assert.Equal(t, before, w.stored(forgeKey))
	w.clock.Advance(time.Minute)
	w.sync()
	assert.NotEqual(t, before, w.stored(forgeKey))
}

func TestTokenRefusedIsReplacedOnce(t *testing.T) {
	for source, operation := range acquisition {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			for name, key := range map[string][]byte{"stored": tokenKey, "held": nil} {
				t.Run(name, func(t *testing.T) {
					w := onMini(t)
					w.sources, w.key = []string{source}, key
					p := w.process()
					_, err := p.Run(t.Context())
					require.NoError(t, err)
					w.box.RevokeTokens()
					w.clock.Advance(time.Second)
					_, err = p.Run(t.Context())
					require.NoError(t, err)
					w.settled()
					assert.Equal(t, 2, w.box.Requests()[operation])
				})
			}
		})
	}
}

func TestTokenRefusedTwiceIsPermanent(t *testing.T) {
	for source, read := range map[string]string{"forge": "forge.invoke", "connect": "report.timers"} {
		for _, status := range []int{401, 403} {
			t.Run(source, func(t *testing.T) {
				w := onMini(t)
				w.sources = []string{source}
				w.sync()
				w.box.ResetRequests()
				refuse := fault.Fault{Kind: fault.Status, Operation: read, Status: status}
				if source == "forge" { // the gateway's own 401 is about the session
					refuse.Status, refuse.Body = 200, `{"data":{"invokeExtension":{"success":false,"errors":[{"extensions":{"statusCode":403}}]}}}`
				}
				w.box.Faults().Add(refuse)
				_, err := w.process().Run(t.Context())
				require.ErrorIs(t, err, timersync.ErrRefusedTwice)
				assert.True(t, timersync.Permanent(err))
				assert.Equal(t, 2, w.box.Requests()[read], "the stored token, then a new one")
				assert.Equal(t, 1, w.box.Requests()[acquisition[source]])
				assert.Empty(t, w.stored(forgeKey)+w.stored(connectKey), "neither is kept")
				w.settled()
			})
		}
	}
}

// A refused token that another process has replaced already is not dropped.
func TestTokenRefusedButReplacedByAnother(t *testing.T) {
	w := onMini(t)
	w.sources = []string{"connect"}
	w.sync()
	w.box.RevokeTokens()
	w.box.ResetRequests()
	once := sync.OnceFunc(func() {
		p := w.process()
		_, err := p.Run(t.Context())
		assert.NoError(t, err)
	})
	var nested atomic.Bool
	w.box.OnRequest(func(operation string) {
		if operation == "report.timers" && nested.CompareAndSwap(false, true) {
			once() // while the first request with the refused token is on its way
		}
	})
	w.sync()
	w.box.OnRequest(nil)
	w.settled()
	assert.Equal(t, 1, w.box.Requests()[acquisition["connect"]])
}

func TestTokensOneAcquisitionAtATime(t *testing.T) {
	for source, operation := range acquisition {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			onEach(t, sandbox.Options{}, func(t *testing.T, w *world) {
				w.sources = []string{source}
				w.pause = func(ctx context.Context, _ time.Duration) error { // a wait that moves no clock
					timer := time.NewTimer(time.Millisecond)
					defer timer.Stop()
					<-timer.C
					return ctx.Err()
				}
				w.box.Faults().Add(fault.Fault{Kind: fault.Delay, Operation: operation, Delay: 30 * time.Millisecond})
				const processes = 6
				var all sync.WaitGroup
				var reused atomic.Int64
				for range processes {
					p := w.process()
					all.Go(func() {
						got, err := p.Acquire(context.Background())
						assert.NoError(t, err)
						assert.Equal(t, source, got.Source)
						reused.Add(1)
					})
				}
				all.Wait()
				assert.EqualValues(t, processes, reused.Load())
				assert.Equal(t, 1, w.box.Requests()[operation])
			})
		})
	}
}

func TestTokensClaimOfADeadProcessEnds(t *testing.T) {
	w := onMini(t)
	// It dies while it asks: its claim is never taken back.
	ctx, cancel := context.WithCancel(t.Context())
	w.redis.on(func(cmd []any) error {
		if cmd[0] == "EVAL" && strings.HasPrefix(fmt.Sprint(cmd[len(cmd)-1]), "acquiring:") {
			return errors.New("the process is dead") // it cannot take its claim back
		}
		return nil
	}, nil)
	dead := make(chan struct{})
	w.box.OnRequest(func(operation string) {
		if operation == acquisition["forge"] {
			cancel()
			<-dead // or the answer might come first
		}
	})
	_, err := w.process().Acquire(ctx)
	close(dead)
	require.ErrorIs(t, err, context.Canceled)
	w.redis.on(nil, nil)
	w.box.OnRequest(nil)
	require.Contains(t, w.stored(forgeKey), "acquiring:")

	got, err := w.process().Acquire(t.Context())
	require.NoError(t, err)
	assert.False(t, got.Reused)
	waited := w.clock.Now().Sub(start)
	assert.GreaterOrEqual(t, waited, 19*time.Second)
	assert.LessOrEqual(t, waited, 21*time.Second)
	w.settledAfter()
}

// A process that fails to acquire does not keep the others waiting.
func TestTokensClaimIsTakenBackAfterAFailure(t *testing.T) {
	w := onMini(t)
	w.box.Faults().Add(fault.Fault{Kind: fault.Status, Operation: acquisition["forge"], Count: 3})
	_, err := w.process().Acquire(t.Context())
	require.Error(t, err)
	assert.False(t, timersync.Permanent(err))
	assert.Empty(t, w.stored(forgeKey))
	_, err = w.process().Acquire(t.Context())
	require.NoError(t, err)
	assert.Equal(t, start, w.clock.Now(), "nobody waited")
}

func TestTokensGiveUpWaiting(t *testing.T) {
	w := onMini(t)
	w.pause = func(context.Context, time.Duration) error { return nil } // no time passes
	require.NoError(t, w.rdb.Set(t.Context(), forgeKey, "acquiring:another", 0).Err())
	_, err := w.process().Acquire(t.Context())
	require.ErrorContains(t, err, "other processes are acquiring")
	assert.False(t, timersync.Permanent(err))

	gone := errors.New("gone")
	w.pause = func(context.Context, time.Duration) error { return gone }
	_, err = w.process().Acquire(t.Context())
	require.ErrorIs(t, err, gone)
}

func TestStoredTokenIsBoundToKeySiteAndSource(t *testing.T) {
	for name, corrupt := range map[string]func(w *world, sealed string){
		"another-key": func(w *world, _ string) { w.key = []byte(strings.Repeat("k", 32)) },
		"of-another-source": func(w *world, sealed string) {
			w.sources = []string{"connect"}
			assert.NoError(w.t, w.rdb.Set(context.Background(), connectKey, sealed, 0).Err())
		},
		"of-another-site": func(w *world, sealed string) {
			raw := w.sealedFor("other.atlassian.net")
			assert.NoError(w.t, w.rdb.Set(context.Background(), forgeKey, raw, 0).Err())
			assert.NotEqual(w.t, sealed, raw)
		},
		"a-bit-flipped": func(w *world, sealed string) {
			raw, err := base64.RawURLEncoding.DecodeString(sealed)
			assert.NoError(w.t, err)
			raw[len(raw)/2] ^= 1
			assert.NoError(w.t, w.rdb.Set(context.Background(), forgeKey, base64.RawURLEncoding.EncodeToString(raw), 0).Err())
		},
		"short": func(w *world, _ string) {
			assert.NoError(w.t, w.rdb.Set(context.Background(), forgeKey, "AAAA", 0).Err())
		},
		"not-sealed": func(w *world, _ string) {
			assert.NoError(w.t, w.rdb.Set(context.Background(), forgeKey, "{}", 0).Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := onMini(t)
			w.sync()
			corrupt(w, w.stored(forgeKey))
			w.box.ResetRequests()
			got, err := w.process().Acquire(t.Context())
			require.NoError(t, err)
			assert.False(t, got.Reused, "it reads as absent")
			assert.Equal(t, 1, w.box.Requests()[acquisition[w.sources[0]]])
			assert.Equal(t, start.Add(time.Second), w.clock.Now(), "and holds nobody up")
			again, err := w.process().Acquire(t.Context())
			require.NoError(t, err)
			assert.True(t, again.Reused)
		})
	}
}

// sealedFor is a token of this key that was stored for another site.
func (w *world) sealedFor(site string) string {
	w.t.Helper()
	other := newWorld(w.t, databases["rest-miniredis"], sandbox.Options{Site: site})
	_, err := other.process().Acquire(context.Background())
	require.NoError(w.t, err)
	return other.stored("clockwork:token:forge:" + site)
}

func TestWithoutAKeyNothingIsStored(t *testing.T) {
	onEach(t, sandbox.Options{}, func(t *testing.T, w *world) {
		w.key = nil
		p := w.process()
		for range 3 {
			w.clock.Advance(time.Second)
			_, err := p.Run(t.Context())
			require.NoError(t, err)
			w.settled()
		}
		assert.Equal(t, 1, w.box.Requests()[acquisition["forge"]], "it is held in the process")
		keys, err := w.rdb.Keys(t.Context(), "clockwork:token:*").Result()
		require.NoError(t, err)
		assert.Empty(t, keys)
		w.sync() // another process
		assert.Equal(t, 2, w.box.Requests()[acquisition["forge"]])
	})
}

func TestTokensWrongKey(t *testing.T) {
	_, err := timersync.NewTokens(timersync.TokensOptions{Key: []byte("short")})
	require.ErrorContains(t, err, "token encryption key")
	assert.NotContains(t, err.Error(), "short")
}

func TestSessionIsWarnedOfFromFiveDaysBefore(t *testing.T) {
	for name, tc := range map[string]struct {
		left time.Duration
		want string
	}{
		"far":         {5*24*time.Hour + time.Second, ""},
		"five-days":   {5 * 24 * time.Hour, "The Jira session ends on "},
		"a-minute":    {time.Minute, "The Jira session ends on "},
		"ended":       {-time.Minute, "The Jira session has ended: "},
		"not-telling": {0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sessionEnds = start.Add(tc.left)
			if tc.left == 0 {
				w.sessionEnds = time.Time{}
			}
			got, err := w.process().Acquire(t.Context())
			require.NoError(t, err)
			if tc.want == "" {
				assert.Empty(t, got.Warning)
				assert.NotContains(t, w.log.String(), "level=WARN")
				return
			}
			assert.Contains(t, got.Warning, tc.want)
			assert.Contains(t, got.Warning, "JIRA_TENANT_SESSION_TOKEN")
			assert.Contains(t, w.log.String(), "level=WARN")
			again, err := w.process().Acquire(t.Context())
			require.NoError(t, err)
			assert.True(t, again.Reused)
			assert.Equal(t, got.Warning, again.Warning, "with a stored token too")
		})
	}
}

func TestSessionRefusedIsPermanentAndSaysWhatToRenew(t *testing.T) {
	for source := range acquisition {
		for _, style := range []string{"", "redirect", "html", "unauthorized", "forbidden"} {
			t.Run(source+"-"+style, func(t *testing.T) {
				t.Parallel()
				w := onMini(t)
				w.sources = []string{source}
				w.box.Switch(func(s *sandbox.Switches) { s.SessionExpired, s.SessionRefusal = true, style })
				_, err := w.process().Run(t.Context())
				require.ErrorIs(t, err, timersource.ErrSessionExpired)
				assert.True(t, timersync.Permanent(err))
				assert.ErrorContains(t, err, "renew JIRA_TENANT_SESSION_TOKEN")
			})
		}
	}
}

// A process that finds a stored token asks Forge for nothing but the pages.
func TestStoredTokenNeedsNoDiscovery(t *testing.T) {
	w := newWorld(t, databases["rest-miniredis"], sandbox.Options{PageSize: 3})
	w.sync()
	for range 3 { // also after the token was renewed
		w.clock.Advance(7 * time.Minute)
		w.box.ResetRequests()
		w.sync()
		w.settled()
		assert.Equal(t, map[string]int{"forge.invoke": 3}, w.box.Requests())
	}
}

// A release of Clockwork makes what is stored refused, and is found out anew.
func TestTokenOfAnOlderAppVersion(t *testing.T) {
	w := onMini(t)
	w.box.Switch(func(s *sandbox.Switches) { s.StrictAppVersion = true })
	w.sync()
	w.box.Switch(func(s *sandbox.Switches) { s.AppVersion = "3.11.0" })
	w.sync()
	w.settled()
}
