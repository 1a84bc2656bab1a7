package settings_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/settings"
)

func goals(t *testing.T, text string) (g settings.Goals) {
	t.Helper()
	require.NoError(t, g.UnmarshalText([]byte(text)))
	return g
}

func TestGoals(t *testing.T) {
	const rules = `[{"accounts":["acc-linh","acc-minh"],"hours":{"1-5":"7h30m","6":"4h"}},{"accounts":["*"],"hours":{"1-4":"9h"}},{"hours":{"7":"1h"}}]`
	for _, tt := range []struct {
		name, text, account string
		want                settings.Week
	}{
		{"unset", "", "acc-linh", settings.Week{480, 480, 480, 480, 480}},
		{"one-time", " 7h30m ", "acc-linh", settings.Week{450, 450, 450, 450, 450}},
		{"none", "0h", "acc-linh", settings.Week{}},
		{"named", rules, "acc-minh", settings.Week{450, 450, 450, 450, 450, 240}},
		{"everybody-by-a-star", rules, "acc-vy", settings.Week{540, 540, 540, 540}},
		{"everybody-by-no-accounts", `[{"hours":{"7":"1h"}}]`, "acc-vy", settings.Week{6: 60}},
		{"nobody-left", `[{"accounts":["acc-linh"],"hours":{"1":"1h"}}]`, "acc-vy", settings.Week{480, 480, 480, 480, 480}},
	} {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, goals(t, tt.text).For(tt.account)) })
	}
}

func TestGoalsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no-time": "eight", "no-unit": "8", "below-zero": "-1h", "over-a-day": "24h1m", "seconds": "90s", "half-a-minute": "30s",
		"half-json": `[{"hours":{"1-5":"8h"}}`, "two-lists": `[] []`, "unknown-member": `[{"account":"a","hours":{"1":"8h"}}]`,
		"no-hours": `[{"accounts":["a"]}]`, "day-0": `[{"hours":{"0":"8h"}}]`, "day-8": `[{"hours":{"1-8":"8h"}}]`, "day-by-name": `[{"hours":{"mon":"8h"}}]`,
		"days-reversed": `[{"hours":{"5-1":"8h"}}]`, "day-twice": `[{"hours":{"1-5":"8h","3":"4h"}}]`, "time-in-json": `[{"hours":{"1":"8"}}]`, "open-range": `[{"hours":{"1-":"8h"}}]`,
	} {
		t.Run(name, func(t *testing.T) { assert.Error(t, new(settings.Goals).UnmarshalText([]byte(text))) })
	}
}

func TestStore(t *testing.T) {
	server := miniredis.RunT(t)
	client := redisclient.OverTCP(t, server.Addr())
	store := settings.Store{Redis: client, Goals: goals(t, `[{"hours":{"1-4":"7h30m","6":"4h"}}]`)}
	change := func(target int, days ...int) settings.Change {
		c := settings.Change{DailyTargetMinutes: &target}
		if target < 0 {
			c.DailyTargetMinutes = nil
		}
		if days != nil {
			c.Workdays = &days
		}
		return c
	}
	week := func(s settings.Settings) (minutes []int) {
		for day := range 7 {
			minutes = append(minutes, int(s.Goal(time.Weekday((day+1)%7)).Minutes()))
		}
		return minutes
	}
	save := func(c settings.Change) settings.Settings {
		saved, err := store.Save(t.Context(), "acc-linh", c)
		require.NoError(t, err)
		loaded, err := store.Load(t.Context(), "acc-linh")
		require.NoError(t, err)
		assert.Equal(t, loaded, saved)
		return saved
	}

	s := save(change(-1))
	assert.Equal(t, 450, s.DailyTargetMinutes)
	assert.Equal(t, []int{1, 2, 3, 4, 6}, s.Workdays)
	assert.Equal(t, []int{450, 450, 450, 450, 0, 240, 0}, week(s))
	assert.False(t, server.Exists(settings.Key("acc-linh")), "a change of nothing stores nothing")

	s = save(change(-1, 6, 5))
	assert.Equal(t, []int{5, 6}, s.Workdays)
	assert.Equal(t, []int{0, 0, 0, 0, 450, 240, 0}, week(s), "a workday without a goal of its own has the target")

	s = save(change(400))
	assert.Equal(t, []int{5, 6}, s.Workdays, "the other setting stays")
	assert.Equal(t, []int{0, 0, 0, 0, 400, 400, 0}, week(s))

	assert.Equal(t, []int{}, save(change(-1, []int{}...)).Workdays)
	assert.Zero(t, save(change(0)).DailyTargetMinutes)

	other, err := store.Load(t.Context(), "acc-minh")
	require.NoError(t, err)
	assert.Equal(t, 450, other.DailyTargetMinutes)

	require.NoError(t, server.Set(settings.Key("acc-linh"), "not JSON"))
	assert.Equal(t, 300, save(change(300)).DailyTargetMinutes, "what cannot be read does not stay")

	server.SetError("down")
	_, err = store.Load(t.Context(), "acc-linh")
	assert.ErrorIs(t, err, settings.ErrUnavailable)
	_, err = store.Save(t.Context(), "acc-linh", change(1))
	assert.ErrorIs(t, err, settings.ErrUnavailable)
}
