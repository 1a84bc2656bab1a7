package realtime

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var testNow = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

const testSite = "acme.atlassian.net"

// Keys are accepted as people paste them.
func TestPastedIssueKeys(t *testing.T) {
	for name, tc := range map[string]struct{ action, key, want string }{
		"link":              {"timer_start", "https://acme.atlassian.net/browse/ABC-1?focusedId=7#x", "ABC-1"},
		"link-no-scheme":    {"timer_start", "ACME.atlassian.net/browse/abc-1/", "ABC-1"},
		"zero-width":        {"timer_start", "\u200bABC\u2060-1\ufeff", "ABC-1"},
		"zero-width-link":   {"timer_stop", "\u200bhttps://acme.atlassian.net/browse/ABC-1", "ABC-1"},
		"typographic-dash":  {"timer_start", "ABC\u20131", "ABC-1"},
		"non-breaking-dash": {"timer_stop", " abc\u20111 ", "ABC-1"},
		"full-width":        {"timer_start", "ＡＢＣ－１", "ABC-1"},
		"listed":            {"timer_stop", "ÄB-01", "ÄB-01"},
		"listed-link":       {"timer_stop", "https://acme.atlassian.net/browse/ÄB-01", "ÄB-01"},
		"unlisted":          {"timer_start", "ÄB-01", ""},
		"other-site":        {"timer_start", "https://evil.example/browse/ABC-1", ""},
		"no-issue":          {"timer_start", "https://acme.atlassian.net/jira/boards/1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			act, bad := ParseAction([]byte(`{"action":"`+tc.action+`","id":"a","user_id":"ann","started_at":"2026-05-04T09:00:00Z","issue_key":"`+tc.key+`"}`), testSite, testNow)
			if tc.want == "" {
				require.NotNil(t, bad)
				assert.Equal(t, CodeBadMessage, bad.Code)
				return
			}
			require.Nil(t, bad)
			assert.Equal(t, tc.want, act.IssueKey)
		})
	}
}

func FuzzParseAction(f *testing.F) {
	f.Add([]byte(`{"action":"timer_start","id":"a","user_id":"ann","started_at":"2026-05-04T09:00:00Z"}`))
	f.Add([]byte(`{"action":"timer_stop","id":"a","user_id":"ann","started_at":"2026-05-04T09:00:00.5+02:00","issue_key":"abc-1","comment":"x\ny"}`))
	f.Add([]byte(`{"ID":"a","id":"b","action":"timer_start"}`))
	f.Add([]byte(`[{"a":[[[[]]]]}]`))
	f.Add([]byte("{\"id\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		act, bad := ParseAction(text, testSite, testNow)
		if bad != nil {
			assert.NotEmpty(t, bad.Code)
			assert.NotEmpty(t, bad.Message)
			assert.True(t, json.Valid(bad.Encode()))
			return
		}
		assert.Contains(t, []Status{Running, Stopped}, act.Status)
		assert.NotEmpty(t, act.ID)
		assert.LessOrEqual(t, utf8.RuneCountInString(act.ID), maxID)
		assert.NotEmpty(t, act.UserID)
		assert.False(t, act.StartedAt.Before(earliest))
		e := NewEvent(Timer{ID: act.ID, UserID: act.UserID, Status: act.Status, StartedAt: act.StartedAt, UpdatedAt: testNow, Seq: 1,
			IssueKey: act.IssueKey, Comment: act.Comment, Source: SourceClient})
		back, err := DecodeEvent(e.JSON)
		require.NoError(t, err)
		assert.Equal(t, e.Timer.ID, back.Timer.ID)
		assert.Equal(t, e.Timer.Comment, back.Timer.Comment)
		assert.True(t, e.Timer.StartedAt.Equal(back.Timer.StartedAt))
	})
}

func TestEncodeTimerIsEncodingJSON(t *testing.T) {
	full := Timer{ID: "a", UserID: "ann", Status: Running, StartedAt: testNow.Add(123456789), UpdatedAt: testNow, Seq: 9,
		IssueKey: "ABC-1", Summary: "plain", Comment: "c", OnHold: true, Source: SourceClockwork}
	for name, spoil := range map[string]func(*Timer){
		"full":      func(*Timer) {},
		"least":     func(t *Timer) { t.IssueKey, t.Summary, t.Comment, t.OnHold = "", "", "", false },
		"quotes":    func(t *Timer) { t.Comment = "say \"hi\" \\ </script> & \u2028" },
		"control":   func(t *Timer) { t.Comment = "a\nb\tc\x01" },
		"unicode":   func(t *Timer) { t.ID = "ünï ✓ \U0001F600" },
		"not-utf-8": func(t *Timer) { t.Summary = "\xff" },
	} {
		t.Run(name, func(t *testing.T) {
			timer := full
			spoil(&timer)
			want, err := json.Marshal(timer)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(encodeTimer(&timer)))
		})
	}
	elsewhere := full
	elsewhere.StartedAt = full.StartedAt.In(time.FixedZone("", 7200))
	assert.Equal(t, string(encodeTimer(&full)), string(encodeTimer(&elsewhere)), "times are told in UTC")
	assert.True(t, json.Valid(stateOf([]Timer{full, full}, 9)))
	assert.True(t, json.Valid(stateOf(nil, 0)))
}

// stateOf is the message on connect.
func stateOf(timers []Timer, seq int64) []byte {
	return append(StateHead(seq, Freshness{}, testNow), EncodeTimers(timers)...)
}

// FuzzParseEvent: what comes from the channel is refused, or can be read again
// from any store.
func FuzzParseEvent(f *testing.F) {
	f.Add(`{"event":"timer_updated","payload":{"id":"cw:ann:ABC-1","user_id":"ann","status":"running","issue_key":"ABC-1","started_at":"2026-05-04T09:00:00Z","updated_at":"2026-05-04T09:00:00Z"}}`)
	f.Add(`{"event":"timer_updated","payload":{"id":"cw:ann:","user_id":"ann","status":"stopped","started_at":"9999-12-31T23:59:59-01:00","updated_at":"2026-05-04T09:00:00Z"}}`)
	f.Add(`{"event":"timer_updated","payload":null}`)
	f.Fuzz(func(t *testing.T, payload string) {
		timer, err := ParseEvent(payload)
		if err != nil {
			assert.Zero(t, timer)
			return
		}
		timer.Seq = 1
		back, err := DecodeEvent(NewEvent(timer).JSON)
		require.NoError(t, err)
		assert.True(t, timer.Same(&back.Timer))
		assert.Equal(t, SourceClockwork, back.Timer.Source)
	})
}

// FuzzDecodeEvent: a timer in a store is refused, or its encoding says the same.
func FuzzDecodeEvent(f *testing.F) {
	f.Add(NewEvent(Timer{ID: "a", UserID: "ann", Status: Running, StartedAt: testNow, UpdatedAt: testNow, Seq: 3, Comment: "<ä\n>", Source: SourceClient}).JSON)
	f.Add([]byte(`{"id":null,"seq":-9223372036854775808,"started_at":"9999-12-31T23:59:59.999999999-23:59"}`))
	f.Add([]byte(`{"seq":1e3}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := DecodeEvent(text)
		if err != nil {
			return
		}
		again, err := DecodeEvent(encodeTimer(&e.Timer))
		require.NoError(t, err)
		assert.True(t, e.Timer.Same(&again.Timer), "%s", text)
		assert.Equal(t, e.Timer.Seq, again.Timer.Seq)
		assert.True(t, json.Valid(stateOf([]Timer{e.Timer, again.Timer}, e.Timer.Seq)))
	})
}

func TestFirstRunes(t *testing.T) {
	for text, want := range map[string]string{"": "", "ab": "ab", "abc": "abc", "abcd": "abc", "äöüß": "äöü"} {
		assert.Equal(t, want, firstRunes(text, 3))
	}
}
