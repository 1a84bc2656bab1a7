package jira

import (
	"strings"
	"unicode"
)

// All JQL is put together in this file. A person's text that closes its quote
// could add clauses, and read what our credential may read.

// quote makes a JQL string of any text. Control characters are dropped, and so
// is what is not UTF-8.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "") {
		switch {
		case !printable(r):
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func printable(r rune) bool { return !unicode.IsControl(r) && r != '\u2028' && r != '\u2029' }

// textOperators have a meaning of their own to the operator ~, inside the
// quotes. A search box needs none of them.
const textOperators = `+-&|!(){}[]^~*?\:"/`

// searchText makes of what a person typed a text for the operator ~ that
// matches the last word by its beginning; "" if nothing is left to look for.
// Lower case, because AND, OR and NOT are operators too, and the search ignores case.
func searchText(s string) string {
	words := strings.FieldsFunc(strings.ToValidUTF8(s, " "), func(r rune) bool {
		return unicode.IsSpace(r) || !printable(r) || strings.ContainsRune(textOperators, r)
	})
	if len(words) == 0 {
		return ""
	}
	text := strings.ToLower(strings.Join(words, " "))
	last := []rune(text)[len([]rune(text))-1]
	if unicode.IsLetter(last) || unicode.IsDigit(last) {
		text += "*"
	}
	return text
}

// inProgress selects a person's issues in progress. The category, unlike the
// name of a status, is the same in every project and language.
func inProgress(accountID string) string {
	return "assignee = " + quote(accountID) + ` AND statusCategory = "In Progress" ORDER BY updated DESC`
}

// workedOnOrMatching selects the issues that are assigned to a person or have
// worklogs of theirs, and those with the text in their summary.
func workedOnOrMatching(accountID, text string) string {
	if accountID == "" {
		return matching(text, "")
	}
	return own(accountID) + " OR " + matching(text, "")
}

// workedOn selects the issues that are assigned to a person or have worklogs of theirs.
func workedOn(accountID string) string { return own(accountID) + " ORDER BY updated DESC" }

func own(accountID string) string {
	return "assignee = " + quote(accountID) + " OR worklogAuthor = " + quote(accountID)
}

// matching selects issues by their summary, or by their project if one is
// given; "" if there is nothing to look for.
func matching(text, project string) string {
	var clauses []string
	if project != "" {
		clauses = append(clauses, "project = "+quote(project))
	}
	if s := searchText(text); s != "" {
		clauses = append(clauses, "summary ~ "+quote(s))
	}
	if len(clauses) == 0 {
		return ""
	}
	return strings.Join(clauses, " OR ") + " ORDER BY updated DESC"
}
