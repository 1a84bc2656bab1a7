package clockwork_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

func TestDecodeTimersPage(t *testing.T) {
	got, err := clockwork.DecodeTimersPage(testdata(t, "timers_page.json"))
	require.NoError(t, err)
	assertGolden(t, "timers_page.golden.json", got)
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
	without := func(old, now string) string {
		return `{"timers":[` + strings.Replace(oneTimer, old, now, 1) + `]}`
	}
	tests := []struct{ name, body string }{
		{"empty", ""},
		{"html", "<html>"},
		{"null", "null"},
		{"array", "[]"},
		{"no-timers", `{"total":0}`},
		{"null-timers", `{"timers":null}`},
		{"timers-as-object", `{"timers":{}}`},
		{"half", `{"timers":[` + oneTimer},
		{"no-id", without(`"id":1,`, ``)},
		{"id-zero", without(`"id":1,`, `"id":0,`)},
		{"id-as-text", without(`"id":1,`, `"id":"x",`)},
		{"no-start", without(`"started_at":"2026-03-05T01:00:00Z",`, ``)},
		{"start-of-another-shape", without(`2026-03-05T01:00:00Z`, `5 March`)},
		{"finish-of-another-shape", without(`"finished_at":null`, `"finished_at":"later"`)},
		{"no-person", without(`"running_for":"a",`, ``)},
		{"no-issue", without(`"issue":{"key":"A-1","id":2},`, ``)},
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
