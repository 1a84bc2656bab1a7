package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

func refusef(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// quotedText matches a JQL string. The shapes below are the queries that the product
// sends. Any other query is refused, so an injected clause fails.
const quotedText = `"((?:[^"\\\r\n]|\\["\\])*)"`

var (
	inProgressShape = regexp.MustCompile(`^assignee = ` + quotedText + ` AND statusCategory = "In Progress" ORDER BY updated DESC$`)
	workedOnShape   = regexp.MustCompile(`^assignee = ` + quotedText + ` OR worklogAuthor = ` + quotedText + ` OR summary ~ ` + quotedText + ` ORDER BY updated DESC$`)
	matchingShape   = regexp.MustCompile(`^(?:project = ` + quotedText + `)?( OR )?(?:summary ~ ` + quotedText + `)? ORDER BY updated DESC$`)
	jqlEscape       = strings.NewReplacer(`\"`, `"`, `\\`, `\`)
)

// evaluate returns the issues that match, the most recently updated first. It needs
// s.mu held.
func (s *Sandbox) evaluate(jql string) ([]*Issue, error) {
	matches, err := s.conditionOf(jql)
	if err != nil {
		return nil, err
	}
	var found []*Issue
	for _, i := range s.issues {
		if matches(i) {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b *Issue) int { return b.Updated.Compare(a.Updated) })
	return found, nil
}

// conditionOf needs s.mu held.
func (s *Sandbox) conditionOf(jql string) (func(*Issue) bool, error) {
	if parts := inProgressShape.FindStringSubmatch(jql); parts != nil {
		account := jqlEscape.Replace(parts[1])
		if s.byAccount[account] == nil {
			return nil, refusef("The value '%s' does not exist for the field 'assignee'.", account)
		}
		return func(i *Issue) bool {
			return i.AssigneeID == account && categoryKey(i.StatusCategory) == "indeterminate"
		}, nil
	}
	if parts := workedOnShape.FindStringSubmatch(jql); parts != nil {
		return s.workedOnOrWithWords(jqlEscape.Replace(parts[1]), jqlEscape.Replace(parts[2]), jqlEscape.Replace(parts[3]))
	}
	at := matchingShape.FindStringSubmatchIndex(jql)
	if at == nil || (at[2] < 0 && at[6] < 0) || (at[4] >= 0) != (at[2] >= 0 && at[6] >= 0) {
		return nil, refusal("Error in the JQL Query: the sandbox answers only the queries that the product sends.")
	}
	project, text := func(*Issue) bool { return false }, func(*Issue) bool { return false }
	var err error
	if at[2] >= 0 {
		project, err = s.inProject(jqlEscape.Replace(jql[at[2]:at[3]]))
	}
	if err == nil && at[6] >= 0 {
		text, err = withWords(jqlEscape.Replace(jql[at[6]:at[7]]))
	}
	return func(i *Issue) bool { return project(i) || text(i) }, err
}

// workedOnOrWithWords needs s.mu held.
func (s *Sandbox) workedOnOrWithWords(assignee, author, text string) (func(*Issue) bool, error) {
	for field, account := range map[string]string{"assignee": assignee, "worklogAuthor": author} {
		if s.byAccount[account] == nil {
			return nil, refusef("The value '%s' does not exist for the field '%s'.", account, field)
		}
	}
	matches, err := withWords(text)
	logged := map[*Issue]bool{}
	for _, l := range s.worklogs {
		logged[l.issue] = logged[l.issue] || l.accountID == author
	}
	return func(i *Issue) bool { return i.AssigneeID == assignee || logged[i] || matches(i) }, err
}

// inProject needs s.mu held.
func (s *Sandbox) inProject(key string) (func(*Issue) bool, error) {
	for _, p := range s.projects {
		if strings.EqualFold(key, p.Key) {
			return func(i *Issue) bool { return i.Project.Key == p.Key }, nil
		}
	}
	return nil, refusef("The value '%s' does not exist for the field 'project'.", key)
}

// withWords does the part of Jira's text search that a search box needs: each word
// must be in the summary, and * at its end matches the beginnings of words. It
// refuses the search's operators.
func withWords(text string) (func(*Issue) bool, error) {
	terms := strings.Fields(text)
	for _, term := range terms {
		if strings.ContainsAny(strings.TrimSuffix(term, "*"), `+-&|!(){}[]^~*?\:"/`) || term == "*" || slices.Contains([]string{"AND", "OR", "NOT"}, term) {
			return nil, refusef("Unable to parse the text '%s' for field 'summary'.", text)
		}
	}
	if len(terms) == 0 {
		return nil, refusef("Unable to parse the text '%s' for field 'summary'.", text)
	}
	isNoWord := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	return func(i *Issue) bool {
		words := strings.FieldsFunc(strings.ToLower(i.Summary), isNoWord)
		for _, term := range terms {
			beginning, prefix := strings.CutSuffix(strings.ToLower(term), "*")
			for _, part := range strings.FieldsFunc(beginning, isNoWord) {
				if !slices.ContainsFunc(words, func(w string) bool { return w == part || prefix && strings.HasPrefix(w, part) }) {
					return false
				}
			}
		}
		return true
	}, nil
}
