package jira

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseIssueKey(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "ABC-7", "ABC-7"},
		{"lower-case-and-space", " abc-7\n", "ABC-7"},
		{"digit-and-underscore", "A1_B-10", "A1_B-10"},
		{"long-project", "ABCDEFGHIJKLM-1", "ABCDEFGHIJKLM-1"},
		{"one-letter", "A-1", ""},
		{"digit-first", "1AB-1", ""},
		{"no-number", "ABC-", ""},
		{"zero", "ABC-0", ""},
		{"leading-zero", "ABC-07", ""},
		{"too-long-number", "ABC-12345678901", ""},
		{"path", "../ABC-1", ""},
		{"encoded-slash", "ABC%2F-1", ""},
		{"quote", `ABC-1"`, ""},
		{"newline-inside", "ABC-1\nX", ""},
		{"turkish-i", "ıbc-1", ""},
		{"long-s", "ſbc-1", ""},
		{"empty", "", ""},
		{"id", "20456", ""},

		{"zero-width-space", "\u200bABC\u200b-7\u200b", "ABC-7"},
		{"byte-order-mark-before-space", "\ufeff ABC-7", "ABC-7"},
		{"joiners", "A\u200cB\u200dC\u2060-7", "ABC-7"},
		{"direction-marks", "\u202aABC-7\u202c\u200e", "ABC-7"},
		{"soft-hyphen", "AB\u00adC-7", "ABC-7"},
		{"no-break-space-around", "\u00a0ABC-7\u202f", "ABC-7"},
		{"hyphen", "ABC\u20107", "ABC-7"},
		{"no-break-hyphen", "ABC\u20117", "ABC-7"},
		{"figure-dash", "ABC\u20127", "ABC-7"},
		{"en-dash", "ABC\u20137", "ABC-7"},
		{"em-dash", "ABC\u20147", "ABC-7"},
		{"minus", "ABC\u22127", "ABC-7"},
		{"small-hyphen", "ABC\ufe637", "ABC-7"},
		{"full-width", "ＡｂＣ＿１－７０", "ABC_1-70"},
		{"space-inside", "ABC -7", ""},
		{"two-hyphens", "ABC--7", ""},
		{"cyrillic", "АВС-7", ""},
		{"arabic-digit", "ABC-٧", ""},
		{"only-invisible", "\u200b\ufeff", ""},
		{"link", "https://acme.atlassian.net/browse/ABC-7", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseIssueKey(tt.in)
			assert.Equal(t, tt.want, got)
			if tt.want == "" {
				assert.ErrorIs(t, err, ErrInvalidKey)
			} else {
				assert.NoError(t, err)
			}
		})
	}
}

func TestParseListedKey(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"usual", " abc–7 ", "ABC-7"},
		{"one-letter", "A-1", "A-1"},
		{"digit-first", "1ab-1", "1ab-1"},
		{"other-letters", "ÄÖ-7", "ÄÖ-7"},
		{"zero", "ABC-0", "ABC-0"},
		{"long-number", "ABC-12345678901", "ABC-12345678901"},
		{"path", "../ABC-1", ""},
		{"slash", "A/B-1", ""},
		{"space-inside", "A B-1", ""},
		{"new-line-inside", "A\nB-1", ""},
		{"quote", `A"-1`, ""},
		{"no-number", "A-", ""},
		{"no-project", "-1", ""},
		{"too-long", strings.Repeat("A", 256) + "-1", ""},
		{"blank", " ", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseListedKey(tt.in)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.want == "", errors.Is(err, ErrInvalidKey))
		})
	}
}

func TestFromLink(t *testing.T) {
	tests := []struct {
		name, in, want string
		err            error
	}{
		{"no-link", "ABC-7", "ABC-7", nil},
		{"path", "../ABC-7", "../ABC-7", nil},
		{"browse", "https://acme.atlassian.net/browse/ABC-7", "ABC-7", nil},
		{"with-more", " https://acme.atlassian.net/browse/ABC-7?focusedCommentId=1#x\n", "ABC-7", nil},
		{"slash-at-the-end", "https://acme.atlassian.net/browse/ABC-7/", "ABC-7", nil},
		{"capitals", "HTTPS://ACME.atlassian.NET/browse/abc-7", "abc-7", nil},
		{"http-with-port", "http://acme.atlassian.net:443/browse/ABC-7", "ABC-7", nil},
		{"without-scheme", "acme.atlassian.net/browse/ABC-7", "ABC-7", nil},
		{"invisible", "\u200bhttps://acme.\u200batlassian.net/browse/ABC-7", "ABC-7", nil},
		{"escaped", "https://acme.atlassian.net/browse/ABC%2D7", "ABC-7", nil},
		{"other-site", "https://other.atlassian.net/browse/ABC-7", "", ErrOtherSite},
		{"other-site-without-scheme", "other.atlassian.net/browse/ABC-7", "", ErrOtherSite},
		{"site-as-user", "https://acme.atlassian.net@evil.test/browse/ABC-7", "", ErrOtherSite},
		{"site-with-a-user", "https://me@acme.atlassian.net/browse/ABC-7", "", ErrOtherSite},
		{"site-in-the-path", "https://evil.test/acme.atlassian.net/browse/ABC-7", "", ErrOtherSite},
		{"longer-host", "https://acme.atlassian.net.evil.test/browse/ABC-7", "", ErrOtherSite},
		{"other-port", "https://acme.atlassian.net:8443/browse/ABC-7", "", ErrOtherSite},
		{"no-host", "/browse/ABC-7", "", ErrOtherSite},
		{"on-a-board", "https://acme.atlassian.net/jira/software/projects/ABC/boards/1?selectedIssue=ABC-7", "ABC-7", nil},
		{"on-a-board-of-another-site", "https://other.atlassian.net/boards/1?selectedIssue=ABC-7", "", ErrOtherSite},
		{"other-page", "https://acme.atlassian.net/jira/your-work", "", ErrInvalidKey},
		{"not-a-link", "https://[/browse/ABC-7", "", ErrInvalidKey},
		{"other-scheme", "ftp://acme.atlassian.net/browse/ABC-7", "ftp://acme.atlassian.net/browse/ABC-7", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := FromLink(tt.in, "acme.atlassian.net")
			assert.Equal(t, tt.want, got)
			assert.ErrorIs(t, err, tt.err)
		})
	}
}

func TestParseIssueIDOrKey(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"key", "abc-7", "ABC-7"},
		{"id", " 20456 ", "20456"},
		{"zero", "0", ""},
		{"negative", "-5", ""},
		{"too-long", strings.Repeat("9", 19), ""},
		{"word", "issue", ""},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseIssueIDOrKey(tt.in)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.want == "", err != nil)
		})
	}
}

func TestParseTypedKey(t *testing.T) {
	tests := []struct{ name, in, project, number string }{
		{"key", "ABC-7", "ABC", "7"},
		{"lower-case", "portal-30", "PORTAL", "30"},
		{"space", " portal 312 ", "PORTAL", "312"},
		{"joined", "portal312", "PORTAL", "312"},
		{"space-and-dash", "portal – 312", "PORTAL", "312"},
		{"digit-in-project", "B2-7", "B2", "7"},
		{"digit-within-project", "b2c 7", "B2C", "7"},
		{"project", "portal", "", ""},
		{"number", "312", "", ""},
		{"one-letter", "q4", "", ""},
		{"leading-zero", "abc-07", "", ""},
		{"words", "fix it 2", "", ""},
		{"long-number", "abc-12345678901", "", ""},
		{"long-project", strings.Repeat("a", 256) + "-1", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			project, number, ok := parseTypedKey(tt.in)
			if assert.Equal(t, tt.project != "", ok); ok {
				assert.Equal(t, []string{tt.project, tt.number}, []string{project, number})
			}
		})
	}
}

func TestKeysBeginningWith(t *testing.T) {
	assert.Equal(t, []string{"AB-30", "CD-30", "AB-300", "CD-300", "AB-301"}, keysBeginningWith([]string{"AB", "CD", "AB", "é"}, "30")[:5])
	assert.Len(t, keysBeginningWith([]string{"AB"}, "3"), bulkSize)
	assert.Equal(t, []string{"AB-1234567890"}, keysBeginningWith([]string{"AB"}, "1234567890"))
	assert.Empty(t, keysBeginningWith([]string{"é"}, "3"))
}
