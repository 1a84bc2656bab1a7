package sandbox

import (
	"cmp"
	"slices"
	"strings"
)

// maxOrderFields is Jira's limit.
const maxOrderFields = 7

var priorities = []string{"Highest", "High", "Medium", "Low", "Lowest", ""}

// orderings sort ascending; the highest priority counts as the largest, and an
// unassigned issue comes last.
var orderings = map[string]func(a, b *Issue) int{
	"key":            byKey,
	"issuekey":       byKey,
	"id":             func(a, b *Issue) int { return cmp.Compare(a.ID, b.ID) },
	"created":        func(a, b *Issue) int { return a.Created.Compare(b.Created) },
	"updated":        func(a, b *Issue) int { return a.Updated.Compare(b.Updated) },
	"summary":        func(a, b *Issue) int { return strings.Compare(a.Summary, b.Summary) },
	"status":         func(a, b *Issue) int { return strings.Compare(a.Status, b.Status) },
	"statuscategory": func(a, b *Issue) int { return strings.Compare(a.StatusCategory, b.StatusCategory) },
	"priority": func(a, b *Issue) int {
		return slices.Index(priorities, b.Priority) - slices.Index(priorities, a.Priority)
	},
	"assignee": func(a, b *Issue) int {
		return cmp.Or(strings.Compare(b.AssigneeID, "")-strings.Compare(a.AssigneeID, ""), strings.Compare(a.AssigneeID, b.AssigneeID))
	},
}

func byKey(a, b *Issue) int {
	return cmp.Or(strings.Compare(a.Project.Key, b.Project.Key), cmp.Compare(len(a.Key), len(b.Key)), strings.Compare(a.Key, b.Key))
}

// orderBy reads the rest of the query. Without it the newest issue is first.
func (p *jqlParser) orderBy() (func(a, b *Issue) int, error) {
	var by []func(a, b *Issue) int
	if p.accept("order") {
		if t := p.next(); !t.is("by") {
			return nil, unexpected(t, "'BY'")
		}
		for more := true; more; more = p.accept(",") {
			f, err := p.orderField()
			if err != nil {
				return nil, err
			}
			by = append(by, f)
		}
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, unexpected(t, "either 'OR' or 'AND'")
	}
	if len(by) > maxOrderFields {
		return nil, refusef("The maximum number of ORDER BY fields is %d.", maxOrderFields)
	}
	return func(a, b *Issue) int {
		for _, f := range by {
			if c := f(a, b); c != 0 {
				return c
			}
		}
		return cmp.Compare(b.ID, a.ID)
	}, nil
}

func (p *jqlParser) orderField() (func(a, b *Issue) int, error) {
	t := p.next()
	if t.kind != tokenWord && t.kind != tokenString {
		return nil, unexpected(t, "a field name")
	}
	f := orderings[strings.ToLower(t.text)]
	if f == nil {
		return nil, refusef("Field '%s' does not exist or you do not have permission to view it.", t.text)
	}
	if p.accept("desc") {
		return func(a, b *Issue) int { return f(b, a) }, nil
	}
	p.accept("asc")
	return f, nil
}
