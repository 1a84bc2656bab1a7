package accesstoken_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/apptest/redistime"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/redis"
)

type world struct {
	*accesstoken.Store
	redis *redis.Client
	clock *manualclock.Clock
}

func newWorld(t *testing.T) world {
	t.Helper()
	client := redisclient.OverTCP(t, miniredis.RunT(t).Addr())
	clock := manualclock.New(time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC))
	return world{accesstoken.New(client, clock.Now), client, clock}
}

func (w world) create(t *testing.T, user string, scope accesstoken.Scope) (accesstoken.Token, string) {
	t.Helper()
	made, text, err := w.Create(t.Context(), accesstoken.Token{UserID: user, AccountID: "acc-" + user, Scope: scope, Name: "deploy script"}, accesstoken.DefaultDays)
	require.NoError(t, err)
	return made, text
}

func TestCreateAndFind(t *testing.T) {
	w := newWorld(t)
	made, text := w.create(t, "linh", accesstoken.Write)
	assert.Regexp(t, `^cwk_[0-9A-Za-z]{39}$`, text)
	found, err := w.Find(t.Context(), text)
	require.NoError(t, err)
	assert.Equal(t, made, found)
	assert.Equal(t, w.clock.Now().Add(90*24*time.Hour), found.Expires)

	_, feed := w.create(t, "linh", accesstoken.Calendar)
	assert.True(t, strings.HasPrefix(feed, "cwc_"), feed)
}

func TestTextIsNotStored(t *testing.T) {
	w := newWorld(t)
	_, text := w.create(t, "linh", accesstoken.Read)
	keys, err := w.redis.Do(t.Context(), "KEYS", "*")
	require.NoError(t, err)
	for _, key := range keys.([]any) {
		assert.NotContains(t, key, text)
		if value, err := w.redis.Do(t.Context(), "GET", key); err == nil {
			assert.NotContains(t, value, text)
		}
	}
}

func TestMistypedTokensAskNobody(t *testing.T) {
	_, text := newWorld(t).create(t, "linh", accesstoken.Read)
	store := accesstoken.New(redisclient.Answering{Err: redisclient.ErrDown}, time.Now)
	for i := range text {
		for _, other := range "0aZ_" {
			if byte(other) == text[i] {
				continue
			}
			_, err := store.Find(t.Context(), text[:i]+string(other)+text[i+1:])
			require.ErrorIs(t, err, accesstoken.ErrUnknown, "character %d", i)
		}
	}
}

func TestExpiryAndRevocation(t *testing.T) {
	w := newWorld(t)
	old, text := w.create(t, "linh", accesstoken.Read)

	revoked, err := w.Revoke(t.Context(), "minh", old.ID)
	require.NoError(t, err)
	assert.False(t, revoked, "somebody else's")
	for _, id := range []string{"", "x", "../sessions", strings.Repeat("0", 32)} {
		revoked, err = w.Revoke(t.Context(), "linh", id)
		require.NoError(t, err)
		assert.False(t, revoked, id)
	}
	revoked, err = w.Revoke(t.Context(), "linh", old.ID)
	require.NoError(t, err)
	assert.True(t, revoked)
	_, err = w.Find(t.Context(), text)
	require.ErrorIs(t, err, accesstoken.ErrUnknown)
	require.NoError(t, w.MarkUsed(t.Context(), old), "a use that ends after the revocation")
	_, err = w.Find(t.Context(), text)
	require.ErrorIs(t, err, accesstoken.ErrUnknown, "stays revoked")

	_, text = w.create(t, "linh", accesstoken.Read)
	w.clock.Advance(accesstoken.DefaultDays * 24 * time.Hour)
	_, err = w.Find(t.Context(), text)
	require.ErrorIs(t, err, accesstoken.ErrUnknown, "expired by the process's clock")
	redistime.Pass(t, w.redis, accesstoken.DefaultDays*24*time.Hour)
	list, err := w.List(t.Context(), "linh")
	require.NoError(t, err)
	assert.Empty(t, list)
}

func TestMarkUsed(t *testing.T) {
	w := newWorld(t)
	made, text := w.create(t, "linh", accesstoken.Read)
	require.NoError(t, w.MarkUsed(t.Context(), made))
	found, err := w.Find(t.Context(), text)
	require.NoError(t, err)
	assert.Equal(t, "2026-11-29", found.UsedOn)
	assert.True(t, w.UsedToday(found))
	assert.False(t, w.UsedToday(made))
	redistime.Pass(t, w.redis, accesstoken.DefaultDays*24*time.Hour)
	_, err = w.Find(t.Context(), text)
	assert.ErrorIs(t, err, accesstoken.ErrUnknown, "a use does not make it live longer")
}

// A process remembers whose a token is until it is checked and gone, and not more
// tokens than it has room for.
func TestKnown(t *testing.T) {
	w := newWorld(t)
	made, text := w.create(t, "linh", accesstoken.Read)
	_, known := w.Known(text)
	assert.False(t, known, "it was never read")
	_, err := w.Find(t.Context(), text)
	require.NoError(t, err)
	found, known := w.Known(text)
	assert.True(t, known)
	assert.Equal(t, made, found)
	_, err = w.Check(made.ID, nil)
	require.ErrorIs(t, err, accesstoken.ErrUnknown)
	_, known = w.Known(text)
	assert.False(t, known)

	record, err := json.Marshal(made)
	require.NoError(t, err)
	for n := range accesstoken.MaxKnown + 10 {
		_, err := w.Check(strconv.Itoa(n), string(record))
		require.NoError(t, err)
	}
	assert.Equal(t, accesstoken.MaxKnown, w.Remembered())
}

func TestTokensOfAPerson(t *testing.T) {
	w := newWorld(t)
	for range accesstoken.MaxTokens {
		w.create(t, "linh", accesstoken.Read)
	}
	_, _, err := w.Create(t.Context(), accesstoken.Token{UserID: "linh", Scope: accesstoken.Read}, 1)
	require.ErrorIs(t, err, accesstoken.ErrTooMany)
	_, text := w.create(t, "minh", accesstoken.Read)
	ids, err := w.RevokeAll(t.Context(), "linh")
	require.NoError(t, err)
	assert.Len(t, ids, accesstoken.MaxTokens)
	list, err := w.List(t.Context(), "linh")
	require.NoError(t, err)
	assert.Empty(t, list)
	_, err = w.Find(t.Context(), text)
	assert.NoError(t, err, "minh keeps his")
}

func TestSilentRedisLetsNobodyIn(t *testing.T) {
	_, text := newWorld(t).create(t, "linh", accesstoken.Read)
	_, err := accesstoken.New(redisclient.Answering{Err: redisclient.ErrDown}, time.Now).Find(t.Context(), text)
	require.ErrorIs(t, err, redisclient.ErrDown)
}

func FuzzFind(f *testing.F) {
	store := accesstoken.New(redisclient.Answering{Err: redisclient.ErrDown}, time.Now)
	f.Add("cwk_" + strings.Repeat("0", 39))
	f.Fuzz(func(t *testing.T, text string) {
		_, err := store.Find(t.Context(), text)
		if errors.Is(err, redisclient.ErrDown) && !regexp.MustCompile(`^cw[kc]_[0-9A-Za-z]{39}$`).MatchString(text) {
			t.Errorf("%q was taken for a token", text)
		}
	})
}
