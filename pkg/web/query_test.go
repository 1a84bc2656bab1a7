package web_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/web"
)

// refused asserts that err is a 400 with the contract's code, and returns it.
func refused(t *testing.T, err error) *web.Error {
	t.Helper()
	var e *web.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 400, e.Status)
	assert.Equal(t, "BAD_REQUEST", e.Code)
	assert.NotEmpty(t, e.Message)
	return e
}

func TestParseQuery(t *testing.T) {
	long := strings.Repeat("é", 256)
	for name, tc := range map[string]struct {
		query string
		want  map[string]string
	}{
		"nothing":           {"", nil},
		"one":               {"accountId=ann", map[string]string{"accountId": "ann"}},
		"several":           {"q=a%20b&tz=Europe%2FOslo", map[string]string{"q": "a b", "tz": "Europe/Oslo"}},
		"space-around":      {"q=%20+ann+&x=", map[string]string{"q": "ann", "x": ""}},
		"empty":             {"q=", map[string]string{"q": ""}},
		"no-equals-sign":    {"deep", map[string]string{"deep": ""}},
		"longest-in-runes":  {"q=" + url.QueryEscape(long), map[string]string{"q": long}},
		"unknown-parameter": {"utm_source=x", map[string]string{"utm_source": "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := web.ParseQuery(tc.query)
			require.NoError(t, err)
			for parameter, want := range tc.want {
				assert.Equal(t, want, got.Get(parameter))
				assert.Equal(t, want != "", got.Has(parameter))
			}
			assert.Empty(t, got.Get("absent"))
			assert.False(t, got.Has("absent"))
		})
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ query, field string }{
		"repeated":               {"accountId=a&accountId=a", "accountId"},
		"repeated-one-empty":     {"accountId=a&accountId=", "accountId"},
		"too-long":               {"q=" + strings.Repeat("x", 257), "q"},
		"too-long-unread":        {"zzz=" + strings.Repeat("x", 257), "zzz"},
		"new-line":               {"q=a%0Ab", "q"},
		"tab":                    {"q=a%09b", "q"},
		"nul":                    {"q=%00", "q"},
		"delete":                 {"q=%7f", "q"},
		"c1-control":             {"q=%c2%85", "q"},
		"not-utf-8":              {"q=%ff", "q"},
		"bad-escape":             {"q=%zz", ""},
		"semicolon":              {"q=a;b=c", ""},
		"name-is-not-echoed":     {"%3Cscript%3E=%00", ""},
		"long-name-not-echoed":   {strings.Repeat("a", 33) + "=%00", ""},
		"digits-are-not-a-field": {"q1=%00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := web.ParseQuery(tc.query)
			assert.Equal(t, tc.field, refused(t, err).Field)
			assert.NotContains(t, refused(t, err).Message, "script")
		})
	}
}

func TestQueryInt(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want int
	}{
		"absent":    {"", 10},
		"in-range":  {"7", 7},
		"lowest":    {"1", 1},
		"highest":   {"50", 50},
		"above":     {"51", 50},
		"below":     {"0", 1},
		"negative":  {"-3", 1},
		"spaces":    {"%207+", 7},
		"huge":      {"99999999999999999999999", 50},
		"very-low":  {"-99999999999999999999999", 1},
		"all-zeros": {"007", 7},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := web.ParseQuery("n=" + tc.text)
			require.NoError(t, err)
			got, err := q.Int("n", 10, 1, 50)
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
		})
	}
	for _, text := range []string{"x", "1.5", "1e3", "0x10", "1_0", "--1", "١"} {
		q, err := web.ParseQuery("maxResults=" + url.QueryEscape(text))
		require.NoError(t, err)
		_, err = q.Int("maxResults", 10, 1, 50)
		assert.Equal(t, "maxResults", refused(t, err).Field, text)
	}
}

func TestCheckText(t *testing.T) {
	require.NoError(t, web.CheckText("comment", strings.Repeat("世", 2000), 2000))
	for _, text := range []string{strings.Repeat("世", 2001), "a\nb", "\x00", "\xff"} {
		assert.Equal(t, "comment", refused(t, web.CheckText("comment", text, 2000)).Field)
	}
}

// FuzzParseQuery: what is accepted is text that can be stored and shown.
func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=%00", "a=%ff&a=b", "%=1", "a;b", "+=+", strings.Repeat("a=b&", 50)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := web.ParseQuery(raw)
		if err != nil {
			e := refused(t, err)
			assert.LessOrEqual(t, len(e.Field), 32)
			return
		}
		names, err := url.ParseQuery(raw)
		require.NoError(t, err)
		for name := range names {
			got := q.Get(name)
			assert.Equal(t, strings.TrimSpace(got), got)
			assert.LessOrEqual(t, utf8.RuneCountInString(got), 256)
			assert.NoError(t, web.CheckText("", got, 256))
			if n, err := q.Int(name, 3, 1, 5); err == nil {
				assert.True(t, n >= 1 && n <= 5)
			}
		}
	})
}
