package clockwork

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
)

// DefaultReportBaseURL is the host of the app's own, undocumented API.
const DefaultReportBaseURL = "https://app.clockwork.report"

// Report calls the report API, which lists the running timers of everybody
// whom the session behind the JWT may see.
type Report struct{ rest *rest.Client }

// NewReport returns a client, or an error if the base URL is not usable.
func NewReport(opts Options) (*Report, error) {
	r, err := opts.client(DefaultReportBaseURL)
	if err != nil {
		return nil, err
	}
	return &Report{r}, nil
}

// TimersPage reads one page, counted from 1, with a Connect context JWT for
// the site (host only, "acme.atlassian.net"). A refused JWT is an
// *upstream.Error with status 401 or 403, an answer that is no page of timers
// one that wraps ErrUnknownShape.
func (r *Report) TimersPage(ctx context.Context, jwt secret.Text, siteHost string, page int) (TimersPage, error) {
	resp, err := r.rest.Do(ctx, rest.Request{
		Op:     "report.timers",
		Path:   []string{"timers.json"},
		Query:  url.Values{"page": {strconv.Itoa(page)}, "xdm_e": {"https://" + siteHost}},
		Header: http.Header{"Authorization": {"JWT " + jwt.Reveal()}},
	})
	if err != nil {
		return TimersPage{}, err
	}
	decoded, err := DecodeTimersPage(resp.Body)
	if err != nil {
		return TimersPage{}, resp.Fail(err)
	}
	return decoded, nil
}
