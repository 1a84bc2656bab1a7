package realtime

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/clockwork-timer/backend/pkg/jira"
)

// Limits of a client's message.
const (
	MaxMessage = 32 << 10 // bytes: the longest comment and id, all of it \u1234\u1234
	maxID      = 128      // characters
	maxComment = 2000     // characters, as in the HTTP API
	// maxAhead is how far a client's clock may be ahead of ours.
	maxAhead = 24 * time.Hour
)

// earliest is older than any timer.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Action is a client's message, checked.
type Action struct {
	ID        string
	UserID    string
	Status    Status // the requested one
	StartedAt time.Time
	IssueKey  string
	Comment   string
	Renew     bool // it brings a new access token, and nothing else
	Token     string
}

// wireAction is the message as JSON. Unknown members are ignored, because clients
// may be newer than the server.
type wireAction struct {
	Action    string `json:"action"`
	ID        string `json:"id"`
	UserID    string `json:"user_id"`
	StartedAt string `json:"started_at"`
	IssueKey  string `json:"issue_key"`
	Comment   string `json:"comment"`
	Token     string `json:"token"`
}

// ParseAction reads one message. site is the host of the Jira site, whose links are
// accepted as keys. A refusal has the timer's id if that could be read.
func ParseAction(message []byte, site string, now time.Time) (Action, *Refusal) {
	var in wireAction
	if err := json.Unmarshal(message, &in); err != nil {
		return Action{}, badJSON(err)
	}
	if in.Action == "renew" {
		return Action{Renew: true, Token: in.Token}, nil
	}
	if text := checkID(in.ID); text != "" {
		return Action{}, &Refusal{Code: CodeBadMessage, Message: text}
	}
	out := Action{ID: in.ID, UserID: in.UserID, Comment: strings.TrimSpace(in.Comment)}
	refuse := func(code, text string) (Action, *Refusal) {
		return out, &Refusal{Code: code, Message: text, ID: in.ID}
	}
	switch in.Action {
	case "timer_start":
		out.Status = Running
	case "timer_stop":
		out.Status = Stopped
	default:
		return refuse(CodeUnknownAction, "action must be timer_start, timer_stop or renew.")
	}
	if in.UserID == "" {
		return refuse(CodeBadMessage, "user_id is missing.")
	}
	var err error
	if out.StartedAt, err = time.Parse(time.RFC3339Nano, in.StartedAt); err != nil {
		return refuse(CodeBadMessage, "started_at must be an RFC 3339 time such as 2026-05-04T09:00:00Z.")
	}
	out.StartedAt = out.StartedAt.UTC()
	if out.StartedAt.Before(earliest) || out.StartedAt.After(now.Add(maxAhead)) {
		return refuse(CodeBadMessage, "started_at is too far from the present.")
	}
	if out.IssueKey, err = parseKey(in.IssueKey, site, out.Status); errors.Is(err, jira.ErrOtherSite) {
		return refuse(CodeBadMessage, "issue_key is a link of another site than this server's Jira.")
	} else if err != nil {
		return refuse(CodeBadMessage, "issue_key must look like ABC-123.")
	}
	if utf8.RuneCountInString(in.Comment) > maxComment || strings.ContainsFunc(in.Comment, forbiddenInComment) {
		return refuse(CodeBadMessage, "comment must be at most 2,000 characters, without control characters.")
	}
	return out, nil
}

// parseKey accepts what people paste, as the HTTP routes do. What a list has shown can
// be stopped.
func parseKey(text, site string, status Status) (string, error) {
	if text == "" {
		return "", nil
	}
	text, err := jira.FromLink(text, site)
	if err != nil {
		return "", err
	}
	if status == Stopped {
		return jira.ParseListedKey(text)
	}
	return jira.ParseIssueKey(text)
}

func badJSON(err error) *Refusal {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if ok && wrong.Field != "" && !strings.Contains(wrong.Field, ".") {
		return &Refusal{Code: CodeBadMessage, Message: wrong.Field + " must be a string."}
	}
	return &Refusal{Code: CodeBadMessage, Message: "The message must be one JSON object with text members."}
}

// checkID returns what is wrong with a timer's id, or "".
func checkID(id string) string {
	switch {
	case id == "":
		return "id is missing."
	case utf8.RuneCountInString(id) > maxID:
		return "id is longer than 128 characters."
	case strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }):
		return "id must be printable."
	}
	return ""
}

func forbiddenInComment(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r'
}
