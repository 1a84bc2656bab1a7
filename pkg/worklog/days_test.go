package worklog_test

import (
	"archive/zip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

var (
	firstDay = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	lastDay  = firstDay.AddDate(5, 0, -1)
)

// The moments of a day's worklogs, counted from where its midnight would be if
// no clock changed that night.
var (
	aroundMidnight = []time.Duration{-time.Second, 0}
	aroundAChange  = []time.Duration{-time.Hour, -30 * time.Minute, -time.Second, 0, 30 * time.Minute, time.Hour}
)

// generous is a Clockwork that does not cut: it answers with the worklogs of two
// days more on both sides. They lie around each midnight of five years.
type generous struct{ starts []time.Time }

func newGenerous(zone *time.Location, changes []time.Time) *generous {
	g := &generous{}
	for day := firstDay; !day.After(lastDay.AddDate(0, 0, 1)); day = day.AddDate(0, 0, 1) {
		_, offset := day.Add(-18 * time.Hour).In(zone).Zone()
		midnight := day.Add(-time.Duration(offset) * time.Second)
		moments := aroundMidnight
		if near(midnight, changes) {
			moments = aroundAChange
		}
		for _, d := range moments {
			g.starts = append(g.starts, midnight.Add(d))
		}
	}
	slices.SortFunc(g.starts, time.Time.Compare)
	return g
}

// between are the places of the worklogs from one moment until another.
func (g *generous) between(from, until time.Time) (first, end int) {
	find := func(t time.Time) int {
		return sort.Search(len(g.starts), func(i int) bool { return !g.starts[i].Before(t) })
	}
	return find(from), find(until)
}

func (g *generous) RoundTrip(r *http.Request) (*http.Response, error) {
	from, _ := time.Parse(time.DateOnly, r.URL.Query().Get("starting_at"))
	to, _ := time.Parse(time.DateOnly, r.URL.Query().Get("ending_at"))
	first, end := g.between(from.AddDate(0, 0, -2), to.AddDate(0, 0, 3))
	var items []string
	for i := first; i < end; i++ {
		items = append(items, fmt.Sprintf(`{"id":%d,"issueId":7,"timeSpentSeconds":%d,"started":%q}`, i+1, 1+i%9, g.starts[i].Format(time.RFC3339)))
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("[" + strings.Join(items, ",") + "]")), Request: r}, nil
}

// clockChanges are a zone's offsets of the five years, and when each began.
func clockChanges(zone *time.Location) (changes []time.Time, signature string) {
	for t := firstDay.AddDate(0, 0, -2).In(zone); ; {
		_, offset := t.Zone()
		signature += fmt.Sprint(t.Unix(), " ", offset, "\n")
		_, t = t.ZoneBounds()
		if t.IsZero() || t.After(lastDay.AddDate(0, 0, 2)) {
			return changes, signature
		}
		changes = append(changes, t)
	}
}

// zones are all of the tz database; those whose clocks agree for five years are
// one.
func zones(t *testing.T) (different map[string]*time.Location) {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	require.NoError(t, err)
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	require.NoError(t, err)
	defer archive.Close()
	different = map[string]*time.Location{}
	names := 0
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}
		zone, err := time.LoadLocation(file.Name)
		require.NoError(t, err)
		_, signature := clockChanges(zone)
		different[signature] = zone
		names++
	}
	require.Greater(t, names, 500)
	return different
}

// In every zone, the sum of the days is the total, and each worklog is listed
// once, on its own local date, even if the clock skips midnight.
func TestEveryDayOfEveryZone(t *testing.T) {
	for _, zone := range zones(t) {
		t.Run(strings.ReplaceAll(zone.String(), "/", "-"), func(t *testing.T) {
			t.Parallel()
			changes, _ := clockChanges(zone)
			source := newGenerous(zone, changes)
			client, err := clockwork.New(clockwork.Options{BaseURL: "https://clockwork.example.test", Transport: source})
			require.NoError(t, err)
			s := &worklog.Service{Clockwork: client, Names: names{}, NamesTimeout: time.Minute, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
			for from := firstDay; !from.After(lastDay); {
				to := lastOfRange(from, changes)
				list, err := s.List(t.Context(), worklog.Query{Token: secret.New("t"), AccountID: "acc-1", From: from, To: to, Zone: zone})
				require.NoError(t, err)
				if want, got := wanted(source, from, to, zone), summary(list, zone); !slices.Equal(want, got) {
					require.Equal(t, want, got, "%s to %s", from, to)
				}
				from = to.AddDate(0, 0, 1)
			}
		})
	}
}

// lastOfRange ends a range of days that begins with one: a single day if a
// clock changes within two days, else at most 31.
func lastOfRange(from time.Time, changes []time.Time) time.Time {
	to := from
	for n := 1; n < 31 && !near(to, changes) && !near(to.AddDate(0, 0, 1), changes) && to.Before(lastDay); n++ {
		to = to.AddDate(0, 0, 1)
	}
	return to
}

func near(t time.Time, changes []time.Time) bool {
	return slices.ContainsFunc(changes, func(c time.Time) bool { return c.Sub(t).Abs() < 48*time.Hour })
}

// wanted is the total, each day's total and each worklog's id and date, worked
// out from the local dates alone.
func wanted(g *generous, from, to time.Time, zone *time.Location) []string {
	days, lines, total := map[string]int{}, []string{}, 0
	first, end := g.between(from.AddDate(0, 0, -2), to.AddDate(0, 0, 3))
	for i := first; i < end; i++ {
		date := g.starts[i].In(zone).Format(time.DateOnly)
		if date < from.Format(time.DateOnly) || date > to.Format(time.DateOnly) {
			continue
		}
		lines = append(lines, fmt.Sprint(i+1, " ", date))
		days[date] += 1 + i%9
		total += 1 + i%9
	}
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		lines = append(lines, fmt.Sprint(date, ": ", days[date]))
	}
	return append(lines, fmt.Sprint("total ", total))
}

func summary(l worklog.List, zone *time.Location) []string {
	lines := []string{}
	for _, w := range l.Worklogs {
		lines = append(lines, fmt.Sprint(w.ID, " ", w.Started.In(zone).Format(time.DateOnly)))
	}
	for _, d := range l.Days {
		lines = append(lines, fmt.Sprint(d.Date, ": ", d.Total))
	}
	return append(lines, fmt.Sprint("total ", l.Total))
}
