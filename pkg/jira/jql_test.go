package jira

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuote(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "abc", `"abc"`},
		{"reserved-word", "IN", `"IN"`},
		{"injection", `" OR project = SECRET --`, `"\" OR project = SECRET --"`},
		{"backslash-before-quote", `\" OR 1=1`, `"\\\" OR 1=1"`},
		{"trailing-backslash", `a\`, `"a\\"`},
		{"control-characters", "a\r\nb\tc\x00d", `"abcd"`},
		{"line-separator", "a\u2028b", `"ab"`},
		{"not-utf8", "a\xffb", `"ab"`},
		{"unicode", "Đồng hồ", `"Đồng hồ"`},
		{"empty", "", `""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, quote(tt.in)) })
	}
}

func TestSearchText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"one-word", "Login", "login*"},
		{"two-words", "fix login", "fix login*"},
		{"operators", `+a -b "c" (d) [e] {f} ^g ~h *i? j:k\l a/b`, "a b c d e f g h i j k l a b*"},
		{"boolean-words", "cats AND dogs NOT", "cats and dogs not*"},
		{"only-operators", `"*?`, ""},
		{"blank", " \t\n", ""},
		{"ends-in-a-mark", "price in €", "price in €"},
		{"control-characters", "a\x00b", "a b*"},
		{"unicode", "Đồng hồ", "đồng hồ*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, searchText(tt.in)) })
	}
}

func TestMatching(t *testing.T) {
	tests := []struct{ name, text, project, want string }{
		{"text", "login", "", `summary ~ "login*" ORDER BY updated DESC`},
		{"project-too", "abc", "ABC", `project = "ABC" OR summary ~ "abc*" ORDER BY updated DESC`},
		{"injection", `x" OR project = SECRET`, "", `summary ~ "x or project = secret*" ORDER BY updated DESC`},
		{"nothing", "**", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, matching(tt.text, tt.project)) })
	}
	assert.Equal(t, `assignee = "a\"b" OR worklogAuthor = "a\"b" OR summary ~ "312*" ORDER BY updated DESC`, workedOnOrMatching(`a"b`, "312"))
	assert.Equal(t, `summary ~ "312*" ORDER BY updated DESC`, workedOnOrMatching("", "312"))
	assert.Equal(t, `assignee = "a\"b" AND statusCategory = "In Progress" ORDER BY updated DESC`, inProgress(`a"b`))
}

// unquote is what a JQL parser does, as far as strings go. ok is false if the
// string ends before the text does.
func unquote(s string) (text string, ok bool) {
	if len(s) < 2 || s[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), i == len(s)-1
		case '\\':
			i++
			if i == len(s) {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", false
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "abc", `"`, `\`, `\"`, `\\"`, "a\nb", "\xff", "ồ", `" OR project = SECRET`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := unquote(quote(s))
		require.True(t, ok, "the quote is closed early, or not at all")
		want := strings.Map(func(r rune) rune {
			if !printable(r) {
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, ""))
		assert.Equal(t, want, got)

		text := searchText(s)
		assert.True(t, utf8.ValidString(text))
		assert.NotContains(t, strings.TrimSuffix(text, "*"), "*")
		assert.False(t, strings.ContainsAny(text, `"\+-&|!(){}[]^~?:/`), text)
	})
}
