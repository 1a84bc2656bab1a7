package worklog

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// Dimension is what worklogs are grouped by.
type Dimension string

// The dimensions.
const (
	ByDay     Dimension = "day"
	ByIssue   Dimension = "issue"
	ByProject Dimension = "project"
	ByPerson  Dimension = "person"
)

// Group is the time of the worklogs that have a day, an issue, a project or a person
// in common. Each worklog is in exactly one group.
type Group struct {
	Key     string  `json:"key"`
	Label   string  `json:"label"`
	Seconds int64   `json:"seconds"`
	Count   int     `json:"count"` // of worklogs
	Groups  []Group `json:"groups,omitempty"`
}

// Groups groups worklogs by the first dimension, and each group by the others: days
// from the first on, all else from the longest time on.
func Groups(worklogs []timer.Worklog, by ...Dimension) []Group {
	if len(by) == 0 {
		return nil
	}
	members := map[string][]timer.Worklog{}
	for _, w := range worklogs {
		key := by[0].key(w)
		members[key] = append(members[key], w)
	}
	groups := make([]Group, 0, len(members))
	for key, own := range members {
		g := Group{Key: key, Count: len(own), Groups: Groups(own, by[1:]...)}
		for _, w := range own {
			g.Seconds += w.TimeSpentSeconds
			g.Label = cmp.Or(g.Label, by[0].label(w))
		}
		g.Label = cmp.Or(g.Label, key)
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b Group) int {
		if by[0] == ByDay {
			return cmp.Compare(a.Key, b.Key)
		}
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Key, b.Key))
	})
	return groups
}

func (d Dimension) key(w timer.Worklog) string {
	switch d {
	case ByDay:
		return w.Started.Format(time.DateOnly)
	case ByIssue:
		return cmp.Or(w.IssueKey, strconv.FormatInt(w.IssueID, 10))
	case ByProject:
		return projectOf(w.IssueKey)
	}
	return w.Author.AccountID
}

func (d Dimension) label(w timer.Worklog) string {
	switch d {
	case ByIssue:
		return w.IssueName
	case ByProject:
		return w.ProjectName
	case ByPerson:
		return w.Author.DisplayName
	}
	return ""
}

// projectOf is the project's key in an issue's; "" if that is not known.
func projectOf(issueKey string) string {
	return issueKey[:max(strings.LastIndexByte(issueKey, '-'), 0)]
}
