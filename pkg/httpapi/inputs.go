package httpapi

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Limits of inputs (public/openapi.yaml).
const (
	maxComment = 2000 // characters
	maxDays    = 31
)

var emailForm = regexp.MustCompile(`^[^\s@]+@[^\s@]+$`)

// everybody is the accountId for all accounts.
const everybody = "all"

// AccountID checks an account id; "" is none.
func AccountID(id string) (string, error) {
	id = strings.TrimSpace(id)
	if id == everybody || (id != "" && !timer.IsAccountID(id)) {
		return "", web.BadRequest("accountId", "accountId is not an Atlassian account id.")
	}
	return id, nil
}

// Email checks an e-mail address; "" is none.
func Email(field, address string) (string, error) {
	address = timer.NormalizeEmail(address)
	if address != "" && !emailForm.MatchString(address) {
		return "", web.BadRequest(field, "%s is not an e-mail address.", field)
	}
	return address, nil
}

// Subject reads from the query whose data is asked for, accountId before userEmail,
// and checks that the caller may have it. "all" and nothing mean everybody.
func (r *Request) Subject() (auth.Subject, error) {
	var asked auth.Subject
	var err error
	if id := r.Query.Get("accountId"); id != everybody {
		if asked.AccountID, err = AccountID(id); err != nil {
			return asked, err
		}
	}
	if asked.AccountID == "" && !r.Query.Has("accountId") {
		if asked.Email, err = Email("userEmail", r.Query.Get("userEmail")); err != nil {
			return asked, err
		}
	}
	return r.Caller.Narrow(asked)
}

// Subjects reads from the query whose worklogs are asked for: userEmail, or accountId,
// which may be several, separated by commas, or all. None are everybody. A known
// caller gets their own by default; only an admin gets others'.
func (r *Request) Subjects() (asked []auth.Subject, err error) {
	ids := r.Query.Get("accountId")
	switch {
	case ids == everybody && r.Caller.Known && !r.Caller.Admin:
		return nil, auth.ErrForbidden
	case ids == everybody:
		return nil, nil
	case ids == "" && r.Query.Get("userEmail") == "" && r.Caller.Known:
		return []auth.Subject{r.Caller.Own()}, nil
	case !strings.Contains(ids, ","):
		one, err := r.Subject()
		return []auth.Subject{one}, err
	}
	for id := range strings.SplitSeq(ids, ",") {
		if id, err = AccountID(id); err != nil {
			return nil, err
		}
		one, err := r.Caller.Narrow(auth.Subject{AccountID: id})
		if err != nil {
			return nil, err
		}
		asked = append(asked, one)
	}
	return asked, nil
}

// IssueKey checks an issue's key, or its link, and returns the key in upper case.
func IssueKey(d *app.Deps, text string) (string, error) {
	return issueKey(d, text, jira.ParseIssueKey)
}

// ListedKey is IssueKey for a timer that a list has shown: every listed key is
// accepted.
func ListedKey(d *app.Deps, text string) (string, error) {
	return issueKey(d, text, jira.ParseListedKey)
}

func issueKey(d *app.Deps, text string, parse func(string) (string, error)) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", web.BadRequest("issueKey", "issueKey is missing.")
	}
	text, err := jira.FromLink(text, d.Config.Jira.Domain)
	if errors.Is(err, jira.ErrOtherSite) {
		return "", OtherSite("issueKey")
	}
	key, err := parse(text)
	if err != nil {
		return "", web.BadRequest("issueKey", "issueKey must look like ABC-123.")
	}
	return key, nil
}

// OtherSite refuses the link of an issue on another site.
func OtherSite(field string) error {
	return web.BadRequest(field, "This link is of another site than this server's Jira.")
}

// Comment checks a timer's comment. New lines are fine in it; other control
// characters are not.
func Comment(text string) (string, error) {
	plain := strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(text)
	if err := web.CheckText("comment", plain, maxComment); err != nil {
		return "", err
	}
	return strings.TrimSpace(text), nil
}

// Days reads date, or from and to, from the query: both zero for today. ranged says
// that a range was asked for.
func (r *Request) Days() (from, to time.Time, ranged bool, err error) {
	date, first, last := r.Query.Get("date"), r.Query.Get("from"), r.Query.Get("to")
	switch {
	case date != "" && (first != "" || last != ""):
		return from, to, false, web.BadRequest("date", "Give date, or from and to, not both.")
	case first == "" && last == "":
		from, err = day("date", date)
		return from, from, false, err
	}
	from, to, err = r.Range(maxDays)
	return from, to, true, err
}

// Range reads from and to from the query, both of which are needed.
func (r *Request) Range(longest int) (from, to time.Time, err error) {
	for _, name := range []string{"from", "to"} {
		if r.Query.Get(name) == "" {
			return from, to, web.BadRequest(name, "A range needs both from and to.")
		}
	}
	if from, err = day("from", r.Query.Get("from")); err != nil {
		return from, to, err
	}
	if to, err = day("to", r.Query.Get("to")); err != nil {
		return from, to, err
	}
	switch days := int(to.Sub(from).Hours()/24) + 1; {
	case days < 1:
		return from, to, web.BadRequest("to", "to is before from.")
	case days > longest:
		return from, to, web.BadRequest("to", "The range is longer than %d days.", longest)
	}
	return from, to, nil
}

func day(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 2000 {
		return t, web.BadRequest(field, "%s must be a date that exists, as YYYY-MM-DD.", field)
	}
	return t, nil
}

// Project reads project from the query, a project's key; "" is none.
func (r *Request) Project() (string, error) {
	text := r.Query.Get("project")
	if text == "" {
		return "", nil
	}
	key, ok := jira.ParseProjectKey(text)
	if !ok {
		return "", web.BadRequest("project", "project must be a project's key, such as ABC.")
	}
	return key, nil
}

// Zone reads tz from the query; nil if it is absent.
func (r *Request) Zone() (*time.Location, error) {
	name := r.Query.Get("tz")
	if name == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, web.BadRequest("tz", "tz must be an IANA time zone such as Europe/Berlin.")
	}
	return zone, nil
}
