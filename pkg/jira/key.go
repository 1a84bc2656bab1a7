package jira

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// maxProjectKey is in characters: Jira Cloud's default maximum of 10 can be raised.
// It is not part of the expressions, which would take 23 ms to compile.
const maxProjectKey = 255

const maxIssueNumber = 10 // digits

// The grammar of Jira Cloud. Each expression is compiled when it is first used: a
// function starts faster.
var (
	issueKey   = form(`^[A-Z][A-Z0-9_]+-[1-9][0-9]{0,9}$`)
	issueID    = form(`^[1-9][0-9]{0,17}$`)
	projectKey = form(`^[A-Z][A-Z0-9_]+$`)
	// issueNumber is that of an issue in its project.
	issueNumber = form(`^[1-9][0-9]{0,9}$`)
	// typedKey is a key with whatever people write for its hyphen. Without any, the
	// last digits are the number.
	typedKey = form(`^([A-Z][A-Z0-9_]*[A-Z_]|[A-Z][A-Z0-9_]+[- ]+)([1-9][0-9]{0,9})$`)
	// listedKey is one of a grammar that an administrator has chosen.
	listedKey = form(`^[\pL\pN_]+-[0-9]{1,18}$`)
)

func form(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// isKey reports whether a key has the form, and its project a length that Jira
// knows.
func isKey(form func() *regexp.Regexp, key string) bool {
	project, _, _ := strings.Cut(key, "-")
	return utf8.RuneCountInString(project) <= maxProjectKey && form().MatchString(key)
}

// ErrOtherSite means the link of an issue on another site.
var ErrOtherSite = errors.New("a link of another site")

// ParseIssueKey returns the key in the spelling that Jira uses: trimmed, in
// upper case, and without what comes along when people copy one. What is not a
// key is ErrInvalidKey.
func ParseIssueKey(s string) (string, error) {
	key := plain(s)
	if !isKey(issueKey, key) {
		return "", ErrInvalidKey
	}
	return key, nil
}

// ParseListedKey accepts also a key that only a list can have shown: as it is,
// if it is not of Cloud's grammar.
func ParseListedKey(s string) (string, error) {
	key, err := ParseIssueKey(s)
	if listed := strings.TrimSpace(s); err != nil && isKey(listedKey, listed) {
		return listed, nil
	}
	return key, err
}

// ParseIssueIDOrKey accepts a numeric issue id too.
func ParseIssueIDOrKey(s string) (string, error) {
	if id := plain(s); issueID().MatchString(id) {
		return id, nil
	}
	key, err := ParseIssueKey(s)
	if err != nil {
		return "", fmt.Errorf("%w or id", err)
	}
	return key, nil
}

// FromLink returns the key's text in the link of an issue on the site with the
// host: https://HOST/browse/ABC-7, whatever follows, or a board's with
// selectedIssue=ABC-7. Text that is no link is
// returned as it is. A link of another site is ErrOtherSite, any other link
// ErrInvalidKey.
func FromLink(text, host string) (string, error) {
	scheme, rest, found := strings.Cut(strings.TrimSpace(strings.Map(visible, text)), "://")
	switch {
	case !found && strings.Contains(scheme, "/browse/"):
		rest = scheme // browsers hide the scheme
	case !found:
		return text, nil
	case !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http"):
		return text, nil
	}
	link, err := url.Parse("https://" + rest)
	if err != nil {
		return "", ErrInvalidKey
	}
	if !strings.EqualFold(strings.TrimSuffix(link.Hostname(), "."), host) || link.User != nil || (link.Port() != "" && link.Port() != "443") {
		return "", ErrOtherSite
	}
	if key := link.Query().Get("selectedIssue"); key != "" {
		return key, nil
	}
	key, isIssue := strings.CutPrefix(link.Path, "/browse/")
	if !isIssue {
		return "", ErrInvalidKey
	}
	return strings.TrimSuffix(key, "/"), nil
}

// ParseProjectKey reads what people type on the way to an issue key: ABC or ABC-.
func ParseProjectKey(s string) (string, bool) {
	key := strings.TrimSuffix(plain(s), "-")
	return key, isKey(projectKey, key)
}

// parseTypedKey reads an issue key, or its beginning, as people type it: ABC-7,
// abc 7, abc7.
func parseTypedKey(s string) (project, number string, ok bool) {
	parts := typedKey().FindStringSubmatch(plain(s))
	if parts == nil {
		return "", "", false
	}
	project = strings.TrimRight(parts[1], "- ")
	return project, parts[2], isKey(projectKey, project)
}

// parseNumber reads the number of an issue without its project.
func parseNumber(s string) (string, bool) {
	n := plain(s)
	return n, issueNumber().MatchString(n)
}

// plain makes plain ASCII of what looks like it: full-width letters, and the
// hyphens that word processors set. It changes the case of ASCII letters only:
// strings.ToUpper makes an I of a Turkish ı, and so another key of a word that is
// none.
func plain(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if '！' <= r && r <= '～' { // full-width forms, in ASCII's order
			r -= '！' - '!'
		}
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case unicode.Is(unicode.Pd, r), r == '\u2212', r == '\u2043': // dashes, the minus sign, the hyphen bullet
			return '-'
		}
		return visible(r)
	}, s))
}

// visible drops what has no width: joiners, direction marks, soft hyphens, the
// byte order mark.
func visible(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}
