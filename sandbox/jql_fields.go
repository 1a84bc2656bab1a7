package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func refusef(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// compare makes a clause of a field, operator and its values. It needs s.mu held.
func (s *Sandbox) compare(field, operator string, values []string) (condition, error) {
	if field == "summary" || field == "text" {
		return compareText(field, operator, values)
	}
	get, check := s.fieldOf(field)
	if get == nil {
		return nil, refusef("Field '%s' does not exist or you do not have permission to view it.", field)
	}
	if operator == "~" || operator == "!~" {
		return nil, refusef("The operator '%s' is not supported by the '%s' field.", operator, field)
	}
	for n, v := range values {
		canonical, err := check(v)
		if err != nil {
			return nil, err
		}
		values[n] = canonical
	}
	switch operator {
	case "=", "in":
		return func(i *Issue) bool { return slices.Contains(values, get(i)) }, nil
	case "!=", "not in":
		// As in SQL, an empty field is not "other than".
		return func(i *Issue) bool { return get(i) != "" && !slices.Contains(values, get(i)) }, nil
	case "is":
		return func(i *Issue) bool { return get(i) == "" }, nil
	default:
		return func(i *Issue) bool { return get(i) != "" }, nil
	}
}

// fieldOf gives what to compare, and what turns a value of the query into the
// same spelling or refuses it. It needs s.mu held.
func (s *Sandbox) fieldOf(field string) (get func(*Issue) string, check func(string) (string, error)) {
	unknown := func(v string) error { return refusef("The value '%s' does not exist for the field '%s'.", v, field) }
	switch field {
	case "key", "issuekey", "issue", "id":
		return issueID, func(v string) (string, error) { return s.checkKey(field, v) }
	case "assignee":
		return func(i *Issue) string { return i.AssigneeID }, func(v string) (string, error) {
			if s.byAccount[v] == nil {
				return "", unknown(v)
			}
			return v, nil
		}
	case "project":
		return func(i *Issue) string { return i.Project.Key }, func(v string) (string, error) {
			for _, p := range s.projects {
				if strings.EqualFold(v, p.Key) || strings.EqualFold(v, p.Name) || v == strconv.FormatInt(p.ID, 10) {
					return p.Key, nil
				}
			}
			return "", unknown(v)
		}
	case "statuscategory":
		return func(i *Issue) string { return categoryKey(i.StatusCategory) }, func(v string) (string, error) {
			if categoryKey(v) == "" {
				return "", unknown(v)
			}
			return categoryKey(v), nil
		}
	case "status", "priority":
		return s.namedField(field, unknown)
	}
	return nil, nil
}

// namedField compares names that some issue has. It needs s.mu held.
func (s *Sandbox) namedField(field string, unknown func(string) error) (func(*Issue) string, func(string) (string, error)) {
	get := func(i *Issue) string { return i.Status }
	if field == "priority" {
		get = func(i *Issue) string { return i.Priority }
	}
	return get, func(v string) (string, error) {
		for _, i := range s.issues {
			if v != "" && strings.EqualFold(get(i), v) {
				return get(i), nil
			}
		}
		return "", unknown(v)
	}
}

func issueID(i *Issue) string { return strconv.FormatInt(i.ID, 10) }

// checkKey takes a key or an id; the texts are those of Jira. It needs s.mu held.
func (s *Sandbox) checkKey(field, v string) (string, error) {
	issue := s.findIssue(v)
	switch _, notNumber := strconv.ParseInt(v, 10, 64); {
	case issue != nil:
		return issueID(issue), nil
	case notNumber == nil:
		return "", refusef("A value with ID '%s' does not exist for the field '%s'.", v, field)
	case !issueKey.MatchString(normalizeKey(v)):
		return "", refusef("The issue key '%s' for field '%s' is invalid.", v, field)
	}
	return "", refusef("An issue with key '%s' does not exist for field '%s'.", v, field)
}
