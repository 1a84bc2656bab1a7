package clockwork_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/golden"
	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

func inHanoi(t testing.TB) clockwork.WorklogQuery {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	require.NoError(t, err)
	return clockwork.WorklogQuery{AccountID: "acc-1", From: thatDay, To: thatDay, Location: loc}
}

func TestWorklogsReadsEveryShape(t *testing.T) {
	body := testdata(t, "worklogs.json")
	c := newClient(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	got, err := c.Worklogs(t.Context(), token, inHanoi(t))
	require.NoError(t, err)
	golden.JSON(t, "worklogs.golden.json", got.List)
	assert.Zero(t, got.Unreadable)
}

func TestWorklogsRequest(t *testing.T) {
	tests := []struct {
		name   string
		change func(*clockwork.WorklogQuery)
		want   url.Values
	}{
		{"account", func(*clockwork.WorklogQuery) {}, url.Values{"account_id": {"acc-1"}, "tz": {"Asia/Ho_Chi_Minh"}}},
		{"no-zone-is-utc", func(q *clockwork.WorklogQuery) { q.Location = nil }, url.Values{"account_id": {"acc-1"}, "tz": {"UTC"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got *http.Request
			c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				_, _ = io.WriteString(w, "[]")
			})
			q := inHanoi(t)
			q.To = thatDay.AddDate(0, 0, 6)
			tt.change(&q)
			worklogs, err := c.Worklogs(t.Context(), token, q)
			require.NoError(t, err)
			assert.NotNil(t, worklogs.List)
			assert.Empty(t, worklogs.List)
			tt.want["starting_at"], tt.want["ending_at"] = []string{"2026-03-05"}, []string{"2026-03-11"}
			tt.want["expand"] = []string{"issues,authors,emails"}
			assert.Equal(t, tt.want, got.URL.Query())
			assert.Equal(t, "/v1/worklogs", got.URL.Path)
			assert.Equal(t, "Token abc+/=--123", got.Header.Get("Authorization"))
		})
	}
}

func TestWorklogsNeedsAUser(t *testing.T) {
	c := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("a query for everybody was sent") })
	_, err := c.Worklogs(t.Context(), token, clockwork.WorklogQuery{From: thatDay, To: thatDay})
	assert.Error(t, err)
}

func TestWorklogsCutsTheDayWhereClocksChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	c := newClient(t, answer(200, `[
		{"id":1,"issueId":1,"timeSpentSeconds":1,"started":"2026-03-28T22:59:59Z"},
		{"id":2,"issueId":1,"timeSpentSeconds":1,"started":"2026-03-28T23:00:00Z"},
		{"id":3,"issueId":1,"timeSpentSeconds":1,"started":"2026-03-29T21:59:59Z"},
		{"id":4,"issueId":1,"timeSpentSeconds":1,"started":"2026-03-29T22:00:00Z"}]`))
	day := time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC) // 23 hours long
	got, err := c.Worklogs(t.Context(), token, clockwork.WorklogQuery{AccountID: "a", From: day, To: day, Location: berlin})
	require.NoError(t, err)
	ids := []int64{}
	for _, w := range got.List {
		ids = append(ids, w.ID)
	}
	assert.Equal(t, []int64{2, 3}, ids)
}

func TestWorklogsAnswers(t *testing.T) {
	const item = `{"id":1,"issueId":1,"timeSpentSeconds":1,"started":"2026-03-05T09:00:00Z"}`
	tests := []struct {
		name, body string
		ok         bool
	}{
		{"array", "[" + item + "]", true},
		{"worklogs-envelope", `{"worklogs":[` + item + `]}`, true},
		{"data-envelope", `{"data":[` + item + `]}`, true},
		{"other-envelope", `{"results":[` + item + `]}`, false},
		{"null", "null", false},
		{"html", "<html></html>", false},
		{"empty", "", false},
		{"half", "[" + item, false},
		{"not-one-readable", `[{"id":1},{"id":2},{"id":3},{"id":4}]`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, answer(200, tt.body))
			got, err := c.Worklogs(t.Context(), token, clockwork.WorklogQuery{AccountID: "a", From: thatDay, To: thatDay})
			if tt.ok {
				require.NoError(t, err)
				assert.Len(t, got.List, 1)
				return
			}
			require.ErrorIs(t, err, clockwork.ErrUnknownShape)
			var e *upstream.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, upstream.CodeBadBody, e.Code)
		})
	}
}

func TestWorklogsLeavesUnreadableOut(t *testing.T) {
	const item = `{"id":1,"issueId":1,"timeSpentSeconds":3600,"started":"2026-03-05T09:00:00Z"}`
	tests := []struct{ name, odd string }{
		{"no-id", `{"issueId":1,"started":"2026-03-05T09:00:00Z"}`},
		{"no-start", `{"id":2}`},
		{"empty-start", `{"id":2,"started":""}`},
		{"start-of-another-shape", `{"id":2,"started":"yesterday"}`},
		{"id-of-another-shape", `{"id":{},"started":"2026-03-05T09:00:00Z"}`},
		{"seconds-with-a-fraction", `{"id":2,"started":"2026-03-05T09:00:00Z","timeSpentSeconds":0.5}`},
		{"issue-of-another-shape", `{"id":2,"started":"2026-03-05T09:00:00Z","issue":"ABC-7"}`},
		{"null", `null`},
		{"text", `"gone"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, body := range []string{"[" + tt.odd + "," + item + "]", "[" + item + "," + tt.odd + "]"} {
				c := newClient(t, answer(200, body))
				got, err := c.Worklogs(t.Context(), token, clockwork.WorklogQuery{AccountID: "a", From: thatDay, To: thatDay})
				require.NoError(t, err)
				require.Len(t, got.List, 1)
				assert.EqualValues(t, 3600, got.List[0].TimeSpentSeconds)
				assert.Equal(t, 1, got.Unreadable)
			}
			c := newClient(t, answer(200, "["+tt.odd+"]"))
			_, err := c.Worklogs(t.Context(), token, clockwork.WorklogQuery{AccountID: "a", From: thatDay, To: thatDay})
			assert.ErrorIs(t, err, clockwork.ErrUnknownShape, "never a false empty list")
		})
	}
}

func TestWorklogsReadsIntegersWithAFraction(t *testing.T) {
	c := newClient(t, answer(200, `[{"id":1.0,"issueId":"20456.0","timeSpentSeconds":3.6e3,"started":"2026-03-05T09:00:00Z"}]`))
	got, err := c.Worklogs(t.Context(), token, clockwork.WorklogQuery{AccountID: "a", From: thatDay, To: thatDay})
	require.NoError(t, err)
	require.Len(t, got.List, 1)
	assert.Equal(t, []int64{1, 20456, 3600}, []int64{got.List[0].ID, got.List[0].IssueID, got.List[0].TimeSpentSeconds})
}

func TestVerifyToken(t *testing.T) {
	tests := []struct {
		name       string
		status     int
		body       string
		wantStatus int
	}{
		{"accepted", 200, "[]", 0},
		{"refused", 401, `{"message":"bad token"}`, 401},
		{"no-right", 403, "", 403},
		{"html", 200, "<html>", 200},
		{"down", 503, "", 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got url.Values
			c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				got = r.URL.Query()
				answer(tt.status, tt.body)(w, r)
			})
			err := c.VerifyToken(t.Context(), token, "acc-1")
			assert.Equal(t, url.Values{"account_id": {"acc-1"}, "starting_at": {"2026-03-05"}, "ending_at": {"2026-03-05"}, "tz": {"UTC"}}, got)
			if tt.wantStatus == 0 {
				require.NoError(t, err)
				return
			}
			var e *upstream.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.wantStatus, e.Status)
		})
	}
}
