package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox"
)

func (f *fixture) worklogs(t *testing.T, query string) answer {
	t.Helper()
	return do(t, http.MethodGet, f.ClockworkURL+"/worklogs?"+query, "", f.tokenHeader(f.creds.AccountID)...)
}

const twoWeeks = "starting_at=2026-02-18&ending_at=2026-03-05&tz=UTC"

func TestWorklogsStatuses(t *testing.T) {
	f := start(t, sandbox.Options{})
	for name, test := range map[string]struct {
		query string
		want  int
	}{
		"range":            {twoWeeks, 200},
		"reversed-range":   {"starting_at=2026-03-05&ending_at=2026-03-01&tz=UTC", 200},
		"no-start":         {"ending_at=2026-03-05", 400},
		"no-such-date":     {"starting_at=2026-02-30&ending_at=2026-03-05", 400},
		"unknown-zone":     {"starting_at=2026-03-01&ending_at=2026-03-05&tz=Mars%2FBase", 400},
		"negative-offset":  {twoWeeks + "&offset=-1", 400},
		"offset-past-end":  {twoWeeks + "&offset=99999", 200},
		"offset-no-number": {twoWeeks + "&offset=x", 400},
	} {
		assert.Equal(t, test.want, f.worklogs(t, test.query).status, name)
	}
	assert.Equal(t, http.StatusUnauthorized, do(t, http.MethodGet, f.ClockworkURL+"/worklogs?"+twoWeeks, "").status)
}

func TestWorklogsByAccount(t *testing.T) {
	f := start(t, sandbox.Options{})
	linh, want := f.person(t, "Linh Tran").AccountID, 0
	all := f.worklogs(t, twoWeeks)
	require.Greater(t, all.len(), 200)
	for i := range all.len() {
		if all.at(i, "author", "accountId") == linh {
			want++
		}
	}
	assert.Equal(t, want, f.worklogs(t, twoWeeks+"&account_id="+url.QueryEscape(linh)).len())
	assert.Zero(t, f.worklogs(t, twoWeeks+"&account_id=nobody").len())
}

func TestWorklogsDayFollowsZone(t *testing.T) {
	f := start(t, sandbox.Options{})
	// 01:00 on 5 March in Hanoi is still 4 March in UTC.
	at := time.Date(2026, 3, 4, 18, 0, 0, 0, time.UTC)
	ola, err := f.AddPerson(sandbox.Person{DisplayName: "Ola Berg"})
	require.NoError(t, err)
	require.NoError(t, f.LogTime(ola.AccountID, "OPS-58", at, time.Hour))
	count := func(day, zone string) int {
		return f.worklogs(t, "account_id="+url.QueryEscape(ola.AccountID)+"&starting_at="+day+"&ending_at="+day+"&tz="+zone).len()
	}

	assert.Equal(t, 1, count("2026-03-05", "Asia/Ho_Chi_Minh"))
	assert.Equal(t, 0, count("2026-03-04", "Asia/Ho_Chi_Minh"))
	assert.Equal(t, 1, count("2026-03-04", "UTC"))
}

func TestWorklogsPages(t *testing.T) {
	f := start(t, sandbox.Options{WorklogPageSize: 100})
	all := len(f.Worklogs())
	seen := map[any]bool{}
	for offset := 0; ; offset += 100 {
		page := f.worklogs(t, twoWeeks+"&offset="+encode(t, offset))
		for i := range page.len() {
			seen[page.at(i, "id")] = true
		}
		if page.len() < 100 {
			break
		}
	}
	assert.Len(t, seen, all)
}

func TestWorklogShapes(t *testing.T) {
	f := start(t, sandbox.Options{})
	plain := f.worklogs(t, twoWeeks)
	assert.Nil(t, plain.at(0, "issue"))
	assert.Nil(t, plain.at(0, "author", "displayName"))
	full := f.worklogs(t, twoWeeks+"&expand=issues,authors,emails")
	assert.NotEmpty(t, full.at(0, "issue", "fields", "summary"))
	assert.NotEmpty(t, full.at(0, "issue", "fields", "project", "name"))
	assert.NotEmpty(t, full.at(0, "author", "displayName"))

	const z, colon, millis = `T\d\d:\d\d:\d\dZ$`, `T\d\d:\d\d:\d\d\+09:00$`, `T\d\d:\d\d:\d\d\.000\+0900$`
	for shape, pattern := range map[string]string{"": z, "z": z, "colon": colon, "millis": millis, "mixed": z + "|" + colon + "|" + millis} {
		f.Switch(func(s *sandbox.Switches) { s.StartedShape = shape })
		assert.Regexp(t, pattern, f.worklogs(t, "starting_at=2026-03-02&ending_at=2026-03-02&tz=Asia/Tokyo").at(0, "started"), shape)
	}
	types := func(shape string) map[string]bool {
		f.Switch(func(s *sandbox.Switches) { s.IDShape = shape })
		out, got := map[string]bool{}, f.worklogs(t, twoWeeks)
		for i := range got.len() {
			switch got.at(i, "id").(type) {
			case string:
				out["string"] = true
			case float64:
				out["number"] = true
			}
		}
		return out
	}
	assert.Equal(t, map[string]bool{"string": true}, types(""))
	assert.Equal(t, map[string]bool{"number": true}, types("number"))
	assert.Equal(t, map[string]bool{"string": true, "number": true}, types("mixed"))
}
