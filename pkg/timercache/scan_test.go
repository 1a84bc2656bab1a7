package timercache_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

// plainTails are what a value says after its list, if it can be scanned.
func plainTails() []string {
	return []string{
		`"cachedAt":"2026-05-04T09:00:00.123Z","userKey":"ann","version":7}`,
		`"cachedAt":"2026-05-04T09:00:00Z","userKey":"712020:ann","version":7,"email":"ann@a.test","epoch":"E","listed":true}`,
		`"cachedAt":"0000-01-01T00:00:00Z","userKey":"é世","version":-9223372036854775808,"epoch":"E"}`,
		`"cachedAt":"2026-05-04T09:00:00Z","userKey":"","version":0}`,
		`"cachedAt":"2026-05-04T09:00:00Z","userKey":"ann","version":1,"acts":[{"issue":"A-1/7","started":true,"at":"2026-05-04T09:00:00Z","token":"h"},{"issue":"A-2/8","at":"2026-05-04T09:00:00Z"}]}`,
	}
}

func TestAboutIsScanned(t *testing.T) {
	for _, tail := range plainTails() {
		got, ok := timercache.ScanAbout(tail)
		require.True(t, ok, tail)
		var want timercache.About
		require.NoError(t, json.Unmarshal([]byte("{"+tail), &want))
		assert.Equal(t, want, got)
	}
	moved := timercache.About{CachedAt: start, UserKey: "ann", Version: 7, Email: "ann@a.test", Epoch: "E", Listed: true}
	text := timercache.NewValue(moved).Encode()
	_, ok := timercache.ScanAbout(strings.TrimPrefix(text, `{"timers":[],`))
	assert.True(t, ok, "what is written can be scanned: %s", text)
}

func TestAboutIsDecodedIfNotPlain(t *testing.T) {
	plain := plainTails()[1]
	for name, tail := range map[string]string{
		"escape":          strings.Replace(plain, "ann", `\u0061nn`, 1),
		"not-utf8":        strings.Replace(plain, "ann", "\xff", 1),
		"control":         strings.Replace(plain, "ann", "\x01", 1),
		"zone":            strings.Replace(plain, "09:00:00Z", "09:00:00+01:00", 1),
		"large-version":   strings.Replace(plain, `:7,`, `:99999999999999999999,`, 1),
		"leading-zero":    strings.Replace(plain, `:7,`, `:07,`, 1),
		"spaces":          strings.Replace(plain, ":", ": ", 1),
		"moved":           strings.Replace(plain, `,"listed"`, `,"seenAs":{"7":"A-1"},"listed"`, 1),
		"acts":            strings.Replace(plain, `true}`, `true,"acts":[]}`, 1),
		"not-listed":      strings.Replace(plain, `true`, `false`, 1),
		"twice":           strings.Replace(plain, `true}`, `true,"version":8}`, 1),
		"cut-off":         plain[:len(plain)-1],
		"more-behind":     plain + "}",
		"another-day-32":  strings.Replace(plain, "05-04", "05-32", 1),
		"other-order":     `"userKey":"ann","cachedAt":"2026-05-04T09:00:00Z","version":7}`,
		"version-missing": `"cachedAt":"2026-05-04T09:00:00Z","userKey":"ann"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, ok := timercache.ScanAbout(tail)
			assert.False(t, ok)
		})
	}
}

// FuzzScanAbout: what is scanned is what decoding it would give.
func FuzzScanAbout(f *testing.F) {
	for _, tail := range plainTails() {
		f.Add(tail)
	}
	f.Fuzz(func(t *testing.T, tail string) {
		got, ok := timercache.ScanAbout(tail)
		if !ok {
			return
		}
		var want timercache.About
		require.NoError(t, json.Unmarshal([]byte("{"+tail), &want))
		assert.Equal(t, want, got)
	})
}

// The record that is read is the present one, also if it is remembered.
func TestSyncRecordIsReadEachTime(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	for range 3 {
		w.clock.Advance(time.Second)
		w.sync(running(1, "ann", "A-1", time.Hour))
		for _, subject := range []timercache.Subject{ann, everybody} {
			view, err := w.cache.Read(t.Context(), subject)
			require.NoError(t, err)
			assert.Equal(t, w.clock.Now(), *view.SyncedAt)
		}
	}
}
