package jira

import (
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
