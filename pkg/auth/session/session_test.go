package session_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/apptest/redistime"
	"github.com/clockwork-timer/backend/pkg/auth/session"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

const (
	secretOld = "an-old-secret-of-at-least-32-bytes!!"
	secretNew = "a-new-secret-of-at-least-32-bytes!!!"
)

type world struct {
	*session.Store
	redis *redisclient.Counted
	clock *manualclock.Clock
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{redis: &redisclient.Counted{Client: redisclient.OverTCP(t, redisserver.Start(t))}, clock: manualclock.New(time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC))}
	w.Store = w.store(t, secretOld)
	return w
}

func (w *world) store(t *testing.T, secrets ...string) *session.Store {
	t.Helper()
	s, err := session.New(w.redis, secrets, w.clock.Now)
	require.NoError(t, err)
	return s
}

// pass moves all clocks, Redis' too.
func (w *world) pass(t *testing.T, d time.Duration) {
	t.Helper()
	w.clock.Advance(d)
	redistime.Pass(t, w.redis.Client, d)
}

func (w *world) begin(t *testing.T) (session.Session, string) {
	t.Helper()
	s, token, err := w.Begin(t.Context(), session.Session{UserID: "linh", AccountID: "acc-linh", Kind: session.Cookie, Label: "Firefox"})
	require.NoError(t, err)
	return s, token
}

func (w *world) refresh(t *testing.T, token string) string {
	t.Helper()
	_, next, err := w.Refresh(t.Context(), session.Cookie, token, unchanged)
	require.NoError(t, err)
	return next
}

func unchanged(*session.Session) bool { return true }

func TestRefreshChangesTheToken(t *testing.T) {
	w := newWorld(t)
	began, first := w.begin(t)
	w.redis.Commands.Store(0)
	got, second, err := w.Refresh(t.Context(), session.Cookie, first, func(s *session.Session) bool {
		s.Role = "admin" // since they signed in
		return true
	})
	require.NoError(t, err)
	assert.EqualValues(t, 2, w.redis.Commands.Load(), "commands of a refresh")
	assert.NotEqual(t, first, second)
	assert.Equal(t, began.ID, got.ID)
	assert.Equal(t, "admin", got.Role)
	assert.Regexp(t, `^cwr_[A-Za-z0-9_-]{60}$`, second)

	w.redis.Commands.Store(0)
	assert.Equal(t, second, w.refresh(t, first), "the answer got lost: the same token again")
	assert.EqualValues(t, 2, w.redis.Commands.Load(), "commands of a repeated refresh")
	assert.NotEqual(t, second, w.refresh(t, second))
}

func TestStolenTokenEndsTheSession(t *testing.T) {
	for name, steal := range map[string]func(t *testing.T, w *world, first string) (stolen string){
		"older-than-the-one-before": func(t *testing.T, w *world, first string) string {
			w.refresh(t, w.refresh(t, first))
			return first
		},
		"one-before-after-the-grace-period": func(t *testing.T, w *world, first string) string {
			w.refresh(t, first)
			w.pass(t, session.Grace+time.Second)
			return first
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, first := w.begin(t)
			second := w.refresh(t, first)
			first = second
			stolen := steal(t, w, first)
			_, _, err := w.Refresh(t.Context(), session.Cookie, stolen, unchanged)
			require.ErrorIs(t, err, session.ErrEnded)
			left, err := w.List(t.Context(), "linh")
			require.NoError(t, err)
			assert.Empty(t, left, "the owner has to sign in again, and so has the thief")
		})
	}
}

func TestLostAnswerWithinTheGracePeriod(t *testing.T) {
	w := newWorld(t)
	_, first := w.begin(t)
	second := w.refresh(t, first)
	w.pass(t, session.Grace-time.Second)
	assert.Equal(t, second, w.refresh(t, first))
}

func TestSessionEndsByAge(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		w := newWorld(t)
		_, token := w.begin(t)
		w.pass(t, session.IdleLife)
		_, _, err := w.Refresh(t.Context(), session.Cookie, token, unchanged)
		assert.ErrorIs(t, err, session.ErrEnded)
	})
	t.Run("used-daily", func(t *testing.T) {
		w := newWorld(t)
		_, token := w.begin(t)
		for day := 1; day < 30; day++ {
			w.pass(t, 24*time.Hour)
			token = w.refresh(t, token)
		}
		w.pass(t, 24*time.Hour)
		_, _, err := w.Refresh(t.Context(), session.Cookie, token, unchanged)
		assert.ErrorIs(t, err, session.ErrEnded)
	})
}

func TestWhoMayNotSignInAnyMore(t *testing.T) {
	w := newWorld(t)
	_, token := w.begin(t)
	_, _, err := w.Refresh(t.Context(), session.Cookie, token, func(*session.Session) bool { return false })
	require.ErrorIs(t, err, session.ErrEnded)
	_, err = w.Check(t.Context(), session.Cookie, token)
	assert.ErrorIs(t, err, session.ErrEnded)
}

func TestForgedTokensCostNoCommand(t *testing.T) {
	w := newWorld(t)
	_, token := w.begin(t)
	other, err := session.New(w.redis, []string{secretNew}, w.clock.Now)
	require.NoError(t, err)
	_, foreign, err := other.Begin(t.Context(), session.Session{UserID: "linh", Kind: session.Cookie})
	require.NoError(t, err)
	_, native, err := w.Begin(t.Context(), session.Session{UserID: "linh", Kind: session.Native})
	require.NoError(t, err)
	forged := []string{"", "cwr_", "x", foreign, native, token + "A", token[:len(token)-1], strings.Replace(token, "cwr_", "cwk_", 1)}
	for i := len("cwr_"); i < len(token); i++ {
		changed := []byte(token)
		if changed[i]++; changed[i] != token[i] {
			forged = append(forged, string(changed))
		}
	}
	w.redis.Commands.Store(0)
	for _, f := range forged {
		_, _, err := w.Refresh(t.Context(), session.Cookie, f, unchanged)
		assert.ErrorIs(t, err, session.ErrNone, f)
		_, err = w.Check(t.Context(), session.Cookie, f)
		assert.ErrorIs(t, err, session.ErrNone, f)
	}
	assert.Zero(t, w.redis.Commands.Load())
}

func TestSecretIsRotated(t *testing.T) {
	w := newWorld(t)
	_, token := w.begin(t)
	w.Store = w.store(t, secretNew, secretOld)
	token = w.refresh(t, token)
	w.Store = w.store(t, secretNew)
	w.refresh(t, token)
}

func TestManyTabsRefreshTogether(t *testing.T) {
	w := newWorld(t)
	_, token := w.begin(t)
	const tabs, rounds = 200, 50
	for range rounds {
		answers, refused := make([]string, tabs), make([]error, tabs)
		var wg sync.WaitGroup
		for tab := range tabs {
			wg.Go(func() {
				_, answers[tab], refused[tab] = w.Refresh(t.Context(), session.Cookie, token, unchanged)
			})
		}
		wg.Wait()
		require.NoError(t, errors.Join(refused...))
		require.Len(t, slices.Compact(answers), 1, "every tab has the same token")
		token = answers[0]
	}
}

func TestLogoutWinsAgainstRefreshes(t *testing.T) {
	w := newWorld(t)
	const sessions = 2000 // each ends while two refreshes use its token
	var wg sync.WaitGroup
	tokens := make([]string, sessions)
	for i := range sessions {
		began, token := w.begin(t)
		for range 2 {
			wg.Go(func() {
				_, _, _ = w.Refresh(t.Context(), session.Cookie, token, unchanged)
			})
		}
		wg.Go(func() {
			ended, err := w.End(t.Context(), "linh", began.ID)
			assert.NoError(t, err)
			assert.True(t, ended)
		})
		tokens[i] = token
	}
	wg.Wait()
	left, err := w.List(t.Context(), "linh")
	require.NoError(t, err)
	assert.Empty(t, left, "sessions that came back")
	for _, token := range tokens {
		_, err := w.Check(t.Context(), session.Cookie, token)
		require.ErrorIs(t, err, session.ErrEnded)
	}
}

func TestListAndEnd(t *testing.T) {
	w := newWorld(t)
	laptop, _ := w.begin(t)
	w.clock.Advance(time.Minute)
	phone, token := w.begin(t)
	_, _, err := w.Begin(t.Context(), session.Session{UserID: "minh", Kind: session.Cookie})
	require.NoError(t, err)

	list, err := w.List(t.Context(), "linh")
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, []string{phone.ID, laptop.ID}, []string{list[0].ID, list[1].ID}, "the last used first")
	assert.Equal(t, "Firefox", list[0].Label)

	for name, id := range map[string]string{"no-id": "", "a-path": "../x", "no-such": "AAAAAAAAAAAAAAAAAAAAAA"} {
		ended, err := w.End(t.Context(), "linh", id)
		require.NoError(t, err, name)
		assert.False(t, ended, name)
	}
	ended, err := w.End(t.Context(), "minh", laptop.ID)
	require.NoError(t, err)
	assert.False(t, ended, "somebody else's")
	ended, err = w.End(t.Context(), "linh", laptop.ID)
	require.NoError(t, err)
	assert.True(t, ended)

	all, err := w.EndAll(t.Context(), "linh")
	require.NoError(t, err)
	assert.Equal(t, []string{phone.ID}, all)
	_, err = w.Check(t.Context(), session.Cookie, token)
	require.ErrorIs(t, err, session.ErrEnded)
	list, err = w.List(t.Context(), "minh")
	require.NoError(t, err)
	assert.Len(t, list, 1, "nobody else is signed out")
}

func TestSilentRedisEndsNothing(t *testing.T) {
	w := newWorld(t)
	_, token := w.begin(t)
	w.redis.Down.Store(true)
	_, _, err := w.Refresh(t.Context(), session.Cookie, token, unchanged)
	require.Error(t, err)
	require.NotErrorIs(t, err, session.ErrEnded)
	require.NotErrorIs(t, err, session.ErrNone)
	w.redis.Down.Store(false)
	w.refresh(t, token)
}

func FuzzRefresh(f *testing.F) {
	store, err := session.New(redisclient.Answering{Err: errors.New("was asked")}, []string{secretOld}, time.Now)
	require.NoError(f, err)
	f.Add("cwr_" + strings.Repeat("A", 60))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		if _, _, err := store.Refresh(t.Context(), session.Cookie, token, unchanged); !errors.Is(err, session.ErrNone) {
			t.Errorf("%q was taken for a token: %v", token, err)
		}
	})
}
