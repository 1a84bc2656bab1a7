package clockwork

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/sandbox"
)

var (
	thatDay   = time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	ofThatDay = WorklogQuery{AccountID: "acc-1", From: thatDay, To: thatDay}
)

// pagedClient has pages of ten.
func pagedClient(t *testing.T, baseURL string) *Client {
	t.Helper()
	c, err := New(Options{BaseURL: baseURL})
	require.NoError(t, err)
	require.Equal(t, 10_000, c.pageSize, "Clockwork's page size")
	c.pageSize = 10
	return c
}

// serveWorklogs answers as many worklogs as count gives for the asked offset,
// with ids from first on, and remembers the offsets.
func serveWorklogs(t *testing.T, list func(offset int) (first, count int)) (c *Client, offsets *[]string) {
	t.Helper()
	offsets = &[]string{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.Query().Get("offset")
		*offsets = append(*offsets, asked)
		offset, _ := strconv.Atoi(asked)
		first, count := list(offset)
		items := make([]string, count)
		for i := range items {
			items[i] = fmt.Sprintf(`{"id":%d,"issueId":1,"timeSpentSeconds":1,"started":"2026-03-05T09:00:00Z"}`, first+i)
		}
		_, _ = io.WriteString(w, "["+strings.Join(items, ",")+"]")
	}))
	t.Cleanup(srv.Close)
	return pagedClient(t, srv.URL), offsets
}

func TestWorklogsReadsEveryPage(t *testing.T) {
	tests := []struct {
		name string
		n    int
		want []string
	}{
		{"one-short-page", 9, []string{""}},
		{"one-full-page", 10, []string{"", "10"}},
		{"three-pages", 23, []string{"", "10", "20"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, offsets := serveWorklogs(t, func(offset int) (int, int) { return offset + 1, min(10, tt.n-offset) })
			got, err := c.Worklogs(t.Context(), secret.New("token"), ofThatDay)
			require.NoError(t, err)
			assert.Equal(t, tt.want, *offsets)
			assert.Len(t, got.List, tt.n)
		})
	}
}

func TestWorklogsStopsWhereOffsetIsNotObeyed(t *testing.T) {
	c, offsets := serveWorklogs(t, func(int) (int, int) { return 1, 10 })
	got, err := c.Worklogs(t.Context(), secret.New("token"), ofThatDay)
	require.NoError(t, err)
	assert.Len(t, got.List, 10)
	assert.Len(t, *offsets, 2)
}

// An unreadable entry counts for the size of its page.
func TestWorklogsReadsOnAfterAPageWithAnUnreadableEntry(t *testing.T) {
	c, offsets := serveWorklogs(t, func(offset int) (int, int) { return offset, min(10, 13-offset) }) // the first has id 0
	got, err := c.Worklogs(t.Context(), secret.New("token"), ofThatDay)
	require.NoError(t, err)
	assert.Len(t, got.List, 12)
	assert.Equal(t, 1, got.Unreadable)
	assert.Equal(t, []string{"", "10"}, *offsets)
}

func TestWorklogsRefusesAnEndlessList(t *testing.T) {
	c, offsets := serveWorklogs(t, func(offset int) (int, int) { return offset + 1, 10 })
	_, err := c.Worklogs(t.Context(), secret.New("token"), ofThatDay)
	var e *upstream.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, upstream.CodeTooLarge, e.Code)
	assert.Len(t, *offsets, worklogsMaxPages)
}

func TestContractWorklogPages(t *testing.T) {
	box := sandbox.New(sandbox.Options{WorklogPageSize: 10})
	person, issue := box.People()[0], box.Issues()[0]
	for i := range 11 {
		require.NoError(t, box.LogTime(person.AccountID, issue.Key, thatDay.Add(time.Duration(i)*time.Hour), time.Minute))
	}
	c := pagedClient(t, box.Start(t).ClockworkURL)
	got, err := c.Worklogs(t.Context(), box.Credentials().ServerClockworkToken,
		WorklogQuery{AccountID: person.AccountID, From: thatDay, To: thatDay})
	require.NoError(t, err)
	assert.Len(t, got.List, 11)
	assert.Equal(t, 2, box.Requests()["clockwork.worklogs"])
}
