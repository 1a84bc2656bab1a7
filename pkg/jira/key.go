package jira

import (
	"fmt"
	"regexp"
	"strings"
)

// The grammar of Jira Cloud, but for the length of the project key: its
// default maximum of 10 can be raised.
var (
	issueKey   = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,254}-[1-9][0-9]{0,9}$`)
	issueID    = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)
	projectKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,254}$`)
)

// ParseIssueKey returns the key in the spelling that Jira uses: trimmed and in
// upper case. What is not a key is ErrInvalidKey.
func ParseIssueKey(s string) (string, error) {
	key := upper(s)
	if !issueKey.MatchString(key) {
		return "", ErrInvalidKey
	}
	return key, nil
}

// ParseIssueIDOrKey accepts a numeric issue id too.
func ParseIssueIDOrKey(s string) (string, error) {
	if id := strings.TrimSpace(s); issueID.MatchString(id) {
		return id, nil
	}
	key, err := ParseIssueKey(s)
	if err != nil {
		return "", fmt.Errorf("%w or id", err)
	}
	return key, nil
}

// parseProjectKey reads what people type on the way to an issue key: ABC or ABC-.
func parseProjectKey(s string) (string, bool) {
	key := strings.TrimSuffix(upper(s), "-")
	return key, projectKey.MatchString(key)
}

// upper changes ASCII letters only: strings.ToUpper makes an I of a Turkish ı,
// and so another key of a word that is none.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, strings.TrimSpace(s))
}
