package timercache_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// oddTimers are timers as Clockwork and people make them.
func oddTimers() map[string]timer.Timer {
	one := func(change func(t *timer.Timer)) timer.Timer {
		t := running(1, "ann", "A-1", time.Hour)
		change(&t)
		return t
	}
	text := func(comment string) timer.Timer { return commented(running(1, "ann", "A-1", time.Hour), comment) }
	finished := start.Add(123456789)
	return map[string]timer.Timer{
		"plain":                {},
		"comment-null":         one(func(t *timer.Timer) { t.Comment = nil }),
		"comment-empty":        text(""),
		"quotes":               text(`"},{"id":2,"tillNow":5`),
		"backslashes":          text(`\" \\" \\\" \`),
		"ends-in-a-backslash":  text(`\`),
		"controls":             text("\x00\x01\x1f\x7f\b\f\n\r\t"),
		"html":                 text("<script>&amp;</script>"),
		"line-separators":      text("a\u2028b\u2029c"),
		"right-to-left":        text("שלום \u202eמפתח\u202c עולם \u200f"),
		"emoji":                text("👩‍💻 世 é e\u0301 \U0010ffff"),
		"not-utf8":             text("\xff\xfe\xc3"),
		"looks-like-the-tail":  text(`],"cachedAt":"2026-05-04T09:00:00Z","userKey":"bob","version":9}`),
		"looks-like-a-version": text(`"version":99999,"epoch":"X"`),
		"long":                 text(strings.Repeat(`é"\`, 10_000)),
		"id-of-19-digits":      one(func(t *timer.Timer) { t.ID, t.Issue.ID = math.MaxInt64, math.MaxInt64-1 }),
		"id-negative":          one(func(t *timer.Timer) { t.ID = math.MinInt64 }),
		"till-now-negative":    one(func(t *timer.Timer) { t.TillNow = -30 }),
		"till-now-large":       one(func(t *timer.Timer) { t.TillNow = 1 << 50 }),
		"milliseconds":         one(func(t *timer.Timer) { t.StartedAt = start.Add(120 * time.Millisecond) }),
		"nanoseconds":          one(func(t *timer.Timer) { t.StartedAt = start.Add(1) }),
		"in-another-zone":      one(func(t *timer.Timer) { t.StartedAt = start.In(time.FixedZone("", 19800)) }),
		"year-zero":            one(func(t *timer.Timer) { t.StartedAt = time.Time{} }),
		"on-hold":              one(func(t *timer.Timer) { t.WithinWorkingHours = false }),
		"finished":             one(func(t *timer.Timer) { t.FinishedAt = &finished }),
		"finished-on-hold":     one(func(t *timer.Timer) { t.FinishedAt, t.WithinWorkingHours = &finished, false }),
		"no-author":            one(func(t *timer.Timer) { t.Author = nil }),
		"author-without-names": one(func(t *timer.Timer) { t.Author = &timer.Person{AccountID: "ann"} }),
		"author-empty":         one(func(t *timer.Timer) { t.Author = &timer.Person{} }),
		"all-fields": one(func(t *timer.Timer) {
			t.Issue = timer.Issue{Key: "A-1", ID: 7, Summary: `"S"`, ProjectName: `P\`}
			t.Author = &timer.Person{AccountID: "ann", EmailAddress: "a@b.c", DisplayName: "Ann", AvatarURL: "https://a.test/?a=1&b=2"}
			t.WorklogCount, t.StartedWithinWorkingHours = 12, false
		}),
	}
}

func oddLists(t testing.TB) map[string]string {
	t.Helper()
	lists := map[string]string{"nothing": "[]"}
	var all []timer.Timer
	for name, x := range oddTimers() {
		lists[name] = encodeTimers(t, x)
		all = append(all, x)
	}
	lists["all"] = encodeTimers(t, all...)
	return lists
}

func encodeTimers(t testing.TB, timers ...timer.Timer) string {
	t.Helper()
	value := timercache.NewValue(timercache.About{UserKey: "ann"}, timers...).Encode()
	list, ok := strings.CutSuffix(strings.TrimPrefix(value, `{"timers":`), `,"cachedAt":"0001-01-01T00:00:00Z","userKey":"ann","version":0}`)
	require.True(t, ok)
	return list
}

// What this version writes is served without being decoded, and exactly as if it
// had been.
func TestServed(t *testing.T) {
	for name, list := range oddLists(t) {
		t.Run(name, func(t *testing.T) {
			for _, seconds := range []int64{-3600, 0, 1, 61, 86_400} {
				got, ok := timercache.Served([]byte(list), seconds)
				require.True(t, ok, "it is decoded")
				assertServed(t, list, seconds, got)
			}
		})
	}
}

// notCanonical are lists that mean something, but not as this version writes it.
func notCanonical() map[string]string {
	const plain = `[{"id":1,"startedAt":"2026-05-04T09:00:00Z","finishedAt":null,"comment":null,"runningFor":"ann","tillNow":5,"worklogCount":0,"issue":{"key":"A-1","id":7},"withinWorkingHours":true,"startedWithinWorkingHours":true}]`
	return map[string]string{
		"a-space":            strings.Replace(plain, ",", ", ", 1),
		"a-newline":          plain + "\n",
		"another-order":      `[{"startedAt":"2026-05-04T09:00:00Z","id":1}]`,
		"a-field-more":       strings.Replace(plain, `"id":1,`, `"id":1,"extra":2,`, 1),
		"a-field-twice":      strings.Replace(plain, `"tillNow":5,`, `"tillNow":5,"tillNow":6,`, 1),
		"a-fraction":         strings.Replace(plain, `"tillNow":5`, `"tillNow":5.0`, 1),
		"an-exponent":        strings.Replace(plain, `"tillNow":5`, `"tillNow":5e1`, 1),
		"a-plus":             strings.Replace(plain, `"tillNow":5`, `"tillNow":+5`, 1),
		"a-zero-in-front":    strings.Replace(plain, `"tillNow":5`, `"tillNow":05`, 1),
		"minus-zero":         strings.Replace(plain, `"tillNow":5`, `"tillNow":-0`, 1),
		"too-large":          strings.Replace(plain, `"tillNow":5`, `"tillNow":9223372036854775808`, 1),
		"at-the-limit":       strings.Replace(plain, `"tillNow":5`, `"tillNow":9223372036854775807`, 1),
		"null-for-a-number":  strings.Replace(plain, `"tillNow":5`, `"tillNow":null`, 1),
		"null-for-a-timer":   `[null]`,
		"null":               `null`,
		"empty-summary":      strings.Replace(plain, `"id":7`, `"id":7,"summary":""`, 1),
		"null-author":        strings.Replace(plain, `"id":7}`, `"id":7},"author":null`, 1),
		"empty-email":        strings.Replace(plain, `"id":7}`, `"id":7},"author":{"accountId":"a","emailAddress":""}`, 1),
		"an-escape-too-many": strings.Replace(plain, `"ann"`, `"\u0061nn"`, 1),
		"a-slash":            strings.Replace(plain, `"ann"`, `"a\/n"`, 1),
		"html-unescaped":     strings.Replace(plain, `"ann"`, `"<ann>"`, 1),
		"separator-raw":      strings.Replace(plain, `"ann"`, "\"a\u2028n\"", 1),
		"upper-hex":          strings.Replace(plain, `"ann"`, `"\u003C"`, 1),
		"a-lone-surrogate":   strings.Replace(plain, `"ann"`, `"\ud800"`, 1),
		"a-surrogate-pair":   strings.Replace(plain, `"ann"`, `"\ud83d\ude00"`, 1),
		"a-control":          strings.Replace(plain, `"ann"`, "\"a\tn\"", 1),
		"a-bad-escape":       strings.Replace(plain, `"ann"`, `"\x41"`, 1),
		"time-with-a-zone":   strings.Replace(plain, `09:00:00Z`, `09:00:00+01:00`, 1),
		"time-small-letters": strings.Replace(plain, `T09:00:00Z`, `t09:00:00z`, 1),
		"time-no-time":       strings.Replace(plain, `2026-05-04T09:00:00Z`, `yesterday at nine o'clock`, 1),
		"fraction-of-zeros":  strings.Replace(plain, `09:00:00Z`, `09:00:00.000Z`, 1),
		"fraction-tail-zero": strings.Replace(plain, `09:00:00Z`, `09:00:00.120Z`, 1),
		"fraction-too-long":  strings.Replace(plain, `09:00:00Z`, `09:00:00.1234567891Z`, 1),
		"hour-24":            strings.Replace(plain, `09:00:00Z`, `24:00:00Z`, 1),
		"comma-at-the-end":   strings.TrimSuffix(plain, "]") + ",]",
		"cut":                plain[:len(plain)-1],
		"more-behind":        plain + "[]",
		"two-lists":          plain[:len(plain)-1] + "," + plain[1:],
	}
}

// What is served is what decoding gives, however the list was written; if it
// does not parse, nothing is served.
func TestServedOfOthersTexts(t *testing.T) {
	for name, list := range notCanonical() {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync()
			w.set("clockwork:timers:ann", `{"timers":`+list+`,"cachedAt":"2026-05-04T09:00:00Z","userKey":"ann","version":1888888888888}`)
			w.clock.Advance(61 * time.Second)
			page, err := w.cache.Page(t.Context(), ann)
			want, parses := served(t, list, 61)
			switch {
			case err != nil:
				require.ErrorIs(t, err, timercache.ErrUnavailable)
				assert.False(t, parses, "it parses")
			case parses && want != "null":
				assertServed(t, list, 61, string(page.Timers))
			default:
				assert.Equal(t, "[]", string(page.Timers), "as the hash of people has it")
			}
			if got, ok := timercache.Served([]byte(list), 61); ok {
				assertServed(t, list, 61, got)
			}
		})
	}
}

// One person's page, and everybody's, are what a client would decode.
func TestPageOfOddTimers(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		var timers []timer.Timer
		for name, x := range oddTimers() {
			if name == "not-utf8" || name == "till-now-negative" { // what no snapshot holds
				continue
			}
			x.RunningFor, x.ID, x.Issue.ID = "ann", int64(len(timers)+1), int64(len(timers)+1)
			timers = append(timers, x)
		}
		w.commit(timercache.Snapshot{Timers: timers, FetchedAt: start, CachedAt: start, Source: "forge"})
		w.clock.Advance(61 * time.Second)
		want := timer.Advance(timers, start, w.clock.Now())
		timer.SortNewestFirst(want)
		for _, subject := range []timercache.Subject{ann, everybody} {
			page, err := w.cache.Page(t.Context(), subject)
			require.NoError(t, err)
			assert.JSONEq(t, encodeTimers(t, want...), string(page.Timers))
		}
	})
}

// Everybody's timers are in the order of one person's, whatever fractions of a
// second their starts have.
func TestEverybodysOrder(t *testing.T) {
	w := onMini(t)
	var timers []timer.Timer
	for i, at := range []time.Duration{0, 1, 100 * time.Millisecond, 120 * time.Millisecond, 123456789, time.Second, time.Second + 500*time.Millisecond, 0, time.Second, -time.Hour} {
		x := running(int64(i+1), "user-"+string(rune('a'+i)), "A-1", 0)
		x.StartedAt = start.Add(at)
		timers = append(timers, x)
	}
	w.commit(timercache.Snapshot{Timers: timers, FetchedAt: start, CachedAt: start, Source: "forge"})
	got := ids(w.read(everybody).Timers)
	timer.SortNewestFirst(timers)
	assert.Equal(t, ids(timers), got)
	assert.Len(t, slices.Compact(got), len(timers))
}

func ids(timers []timer.Timer) []int64 {
	list := []int64{}
	for _, x := range timers {
		list = append(list, x.ID)
	}
	return list
}
