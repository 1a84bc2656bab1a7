package clockwork

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// wireWorklog is one item of GET /worklogs. Issue is there with expand=issues,
// the author's name and address with authors and emails.
type wireWorklog struct {
	ID               number     `json:"id"`
	IssueID          number     `json:"issueId"`
	IssueIDSnake     number     `json:"issue_id"` // as one document spells it
	TimeSpentSeconds number     `json:"timeSpentSeconds"`
	Started          moment     `json:"started"`
	Comment          comment    `json:"comment"`
	Author           wirePerson `json:"author"`
	Issue            struct {
		ID     number `json:"id"`
		Key    string `json:"key"`
		Fields struct {
			Summary string `json:"summary"`
			Project struct {
				Name string `json:"name"`
			} `json:"project"`
		} `json:"fields"`
	} `json:"issue"`
}

// wirePerson is an author, of a worklog or a timer.
type wirePerson struct {
	AccountID    string `json:"accountId"`
	EmailAddress string `json:"emailAddress"`
	DisplayName  string `json:"displayName"`
	AvatarURL    string `json:"avatarUrl"`
}

// decodeWorklogs reads a bare array, which is what Clockwork sends, or one
// inside an object under the names that some of its clients allow for. It
// leaves out, and counts, entries without a readable id or start; a list of
// nothing else is of a shape that is not known.
func decodeWorklogs(body []byte) (items []wireWorklog, unreadable int, err error) {
	var envelope struct {
		Worklogs *json.RawMessage `json:"worklogs"`
		Data     *json.RawMessage `json:"data"`
	}
	if json.Unmarshal(body, &envelope) == nil {
		for _, inner := range []*json.RawMessage{envelope.Worklogs, envelope.Data} {
			if inner != nil {
				body = *inner
				break
			}
		}
	}
	var entries *[]json.RawMessage
	if err := json.Unmarshal(body, &entries); err != nil {
		return nil, 0, fmt.Errorf("%w: worklogs: %w", ErrUnknownShape, err)
	}
	if entries == nil {
		return nil, 0, fmt.Errorf("%w: no list of worklogs", ErrUnknownShape)
	}
	for _, raw := range *entries {
		var item wireWorklog
		if json.Unmarshal(raw, &item) != nil || item.ID <= 0 || item.Started.IsZero() {
			unreadable++
			continue
		}
		items = append(items, item)
	}
	if len(items) == 0 && unreadable > 0 {
		return nil, 0, fmt.Errorf("%w: none of %d worklogs has an id and a start", ErrUnknownShape, unreadable)
	}
	return items, unreadable, nil
}

func (w wireWorklog) worklog(loc *time.Location) timer.Worklog {
	return timer.Worklog{
		ID:               int64(w.ID),
		IssueID:          int64(cmp.Or(w.IssueID, w.IssueIDSnake, w.Issue.ID)),
		IssueKey:         w.Issue.Key,
		IssueName:        w.Issue.Fields.Summary,
		ProjectName:      w.Issue.Fields.Project.Name,
		TimeSpentSeconds: int64(w.TimeSpentSeconds),
		Started:          w.Started.In(loc),
		Comment:          w.Comment.text,
		Author:           timer.Person(w.Author),
	}
}
