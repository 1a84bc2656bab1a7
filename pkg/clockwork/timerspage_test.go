package clockwork_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/golden"
	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

func TestDecodeTimersPage(t *testing.T) {
	got, err := clockwork.DecodeTimersPage(testdata(t, "timers_page.json"))
	require.NoError(t, err)
	golden.JSON(t, "timers_page.golden.json", got)
}

const oneTimer = `{"id":1,"started_at":"2026-03-05T01:00:00Z","finished_at":null,"running_for":"a","issue":{"key":"A-1","id":2},"till_now":3}`

func TestDecodeTimersPageBeforeTheStart(t *testing.T) {
	got, err := clockwork.DecodeTimersPage([]byte(`{"timers":[` + strings.Replace(oneTimer, `"till_now":3`, `"till_now":-3`, 1) + `]}`))
	require.NoError(t, err)
	assert.Zero(t, got.Timers[0].TillNow)
}

func TestDecodeTimersPagePaging(t *testing.T) {
	type want struct {
		page, pages, total int
		last               bool
	}
	tests := []struct {
		name, fields string
		want         want
	}{
		{"all-said", `,"page":2,"pages":3,"total":5,"isLast":false`, want{2, 3, 5, false}},
		{"last-by-count", `,"page":3,"pages":3`, want{3, 3, -1, true}},
		{"not-last-by-count", `,"page":1,"pages":3`, want{1, 3, -1, false}},
		{"pages-from-total", `,"page":1,"total":101,"maxResults":50,"isLast":false`, want{1, 3, 101, false}},
		{"nothing-said", ``, want{0, 0, -1, true}},
		{"total-reached", `,"total":1`, want{0, 0, 1, true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := clockwork.DecodeTimersPage([]byte(`{"timers":[` + oneTimer + `]` + tt.fields + `}`))
			require.NoError(t, err)
			assert.Equal(t, tt.want, want{got.Page, got.Pages, got.Total, got.IsLast})
			assert.Len(t, got.Timers, 1)
		})
	}
}

func TestDecodeTimersPageRefuses(t *testing.T) {
	tests := []struct{ name, body string }{
		{"empty", ""},
		{"html", "<html>"},
		{"null", "null"},
		{"array", "[]"},
		{"no-timers", `{"total":0}`},
		{"null-timers", `{"timers":null}`},
		{"timers-as-object", `{"timers":{}}`},
		{"half", `{"timers":[` + oneTimer},
		{"more-but-how-many", `{"timers":[],"isLast":false}`},
		{"more-than-came", `{"timers":[],"total":4}`},
		{"negative-pages", `{"timers":[],"pages":-1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := clockwork.DecodeTimersPage([]byte(tt.body))
			assert.ErrorIs(t, err, clockwork.ErrUnknownShape)
		})
	}
}

// An entry that is not a whole timer is left out with what it still tells.
func TestDecodeTimersPageLeavesUnreadableOut(t *testing.T) {
	type left = clockwork.UnreadableTimer
	change := func(old, now string) string { return strings.Replace(oneTimer, old, now, 1) }
	whole := func(id string) string { return strings.Replace(oneTimer, `"id":1`, `"id":`+id, 1) }
	tests := []struct {
		name, entry string
		want        left
	}{
		{"no-id", change(`"id":1,`, ``), left{Account: "a"}},
		{"id-zero", change(`"id":1,`, `"id":0,`), left{Account: "a"}},
		{"id-as-text", change(`"id":1,`, `"id":"x",`), left{Account: "a"}},
		{"no-start", change(`"started_at":"2026-03-05T01:00:00Z",`, ``), left{ID: 1, Account: "a"}},
		{"empty-start", change(`2026-03-05T01:00:00Z`, ``), left{ID: 1, Account: "a"}},
		{"start-of-another-shape", change(`2026-03-05T01:00:00Z`, `5 March`), left{ID: 1, Account: "a"}},
		{"start-that-json-cannot-say", change(`2026-03-05T01:00:00Z`, `9999-12-31T23:59:59-02:00`), left{ID: 1, Account: "a"}},
		{"finish-of-another-shape", change(`"finished_at":null`, `"finished_at":"later"`), left{ID: 1, Account: "a"}},
		{"no-person", change(`"running_for":"a",`, ``), left{ID: 1}},
		{"person-as-object", change(`"running_for":"a"`, `"running_for":{"id":"a"},"author":{"accountId":"b"}`), left{ID: 1}},
		{"author-of-another-shape", change(`"running_for":"a"`, `"running_for":"a","author":[]`), left{ID: 1, Account: "a"}},
		{"no-issue", change(`"issue":{"key":"A-1","id":2},`, ``), left{ID: 1, Account: "a"}},
		{"issue-gone", change(`{"key":"A-1","id":2}`, `null`), left{ID: 1, Account: "a"}},
		{"issue-gone-and-only-an-author", change(`"running_for":"a","issue":{"key":"A-1","id":2}`, `"running_for":"","author":{"accountId":"b"},"issue":null`), left{ID: 1, Account: "b"}},
		{"seconds-with-a-fraction", change(`"till_now":3`, `"till_now":3.5`), left{ID: 1, Account: "a"}},
		{"null", `null`, left{}},
		{"text", `"gone"`, left{}},
		{"list", `[]`, left{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := clockwork.DecodeTimersPage([]byte(`{"timers":[` + whole("7") + `,` + tt.entry + `,` + whole("8") + `]}`))
			require.NoError(t, err)
			require.Len(t, got.Timers, 2)
			assert.Equal(t, []int64{7, 8}, []int64{got.Timers[0].ID, got.Timers[1].ID})
			require.Len(t, got.Unreadable, 1)
			require.Error(t, got.Unreadable[0].Err)
			got.Unreadable[0].Err = nil
			tt.want.Place = 1
			assert.Equal(t, tt.want, got.Unreadable[0])
		})
	}
}

func TestDecodeTimersPageKnowsThatAnUnreadableTimerHasFinished(t *testing.T) {
	odd := strings.Replace(oneTimer, `"finished_at":null,"running_for":"a"`, `"finished_at":"2026-03-05T01:00:00Z"`, 1)
	got, err := clockwork.DecodeTimersPage([]byte(`{"timers":[` + odd + `]}`))
	require.NoError(t, err)
	assert.Empty(t, got.Timers)
	require.Len(t, got.Unreadable, 1)
	assert.True(t, got.Unreadable[0].Finished)
}

func TestDecodeTimersPageReadsWhatMeansTheSame(t *testing.T) {
	want, err := clockwork.DecodeTimersPage([]byte(`{"timers":[` + strings.Replace(oneTimer, `"till_now":3`, `"till_now":3600`, 1) + `]}`))
	require.NoError(t, err)
	require.Len(t, want.Timers, 1)
	tests := []struct{ name, entry string }{
		{"zero-fraction", strings.NewReplacer(`"id":1`, `"id":1.0`, `"id":2`, `"id":2.00`, `:3}`, `:3600.0}`).Replace(oneTimer)},
		{"zero-fraction-in-text", strings.NewReplacer(`"id":1`, `"id":"1.0"`, `:3}`, `:"3600.0"}`).Replace(oneTimer)},
		{"exponent", strings.Replace(oneTimer, `:3}`, `:3.6e3}`, 1)},
		{"finish-is-an-empty-text", strings.NewReplacer(`:3}`, `:3600}`, `"finished_at":null`, `"finished_at":""`).Replace(oneTimer)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := clockwork.DecodeTimersPage([]byte(`{"timers":[` + tt.entry + `]}`))
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestReportTimersPage(t *testing.T) {
	var got *http.Request
	opts := options(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = w.Write(testdata(t, "timers_page.json"))
	})
	c, err := clockwork.NewReport(opts)
	require.NoError(t, err)
	page, err := c.TimersPage(t.Context(), secret.New("a.b.c"), "acme.example.test", 2)
	require.NoError(t, err)
	assert.Len(t, page.Timers, 3)
	assert.Equal(t, "/v1/timers.json?page=2&xdm_e=https%3A%2F%2Facme.example.test", got.URL.RequestURI())
	assert.Equal(t, "JWT a.b.c", got.Header.Get("Authorization"))
}

func TestReportTimersPageRefusals(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		shape      bool
	}{
		{"expired-jwt", "", 401, false},
		{"moved", "", 404, false},
		{"html", "<html>", 200, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := clockwork.NewReport(options(t, answer(tt.status, tt.body)))
			require.NoError(t, err)
			_, err = c.TimersPage(t.Context(), secret.New("a.b.c"), "acme.example.test", 1)
			var e *upstream.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.status, e.Status)
			if tt.shape {
				assert.ErrorIs(t, err, clockwork.ErrUnknownShape)
			}
		})
	}
}
