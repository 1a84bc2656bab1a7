// Package timersource reads who works on what now. Clockwork lists running timers
// only inside its Jira app, which a person's Jira session opens: through Connect
// until 2026, through Forge since. Both are undocumented. An answer of an unknown
// shape is an error here, never an empty list.
//
// # What a reading proves
//
// The list comes in pages, and people start and stop timers while they are read.
// A stop moves later timers to pages that were already read. A start moves earlier
// timers to pages that are still to be read. So a pass forward misses timers if
// others stop, a pass backward if others start, and both show some twice. The
// length proves nothing: one may stop while another starts. What is certain:
//
//   - A timer that any page shows runs, unless its place was seen without it
//     later.
//   - One page shows its part of the list at one moment. New ids are higher. If
//     the list is ordered by id, up or down, a timer that belongs between the first
//     and the last of a page and is not on it does not run. Nothing comes before
//     page 1 or after the last page.
//   - A timer that belongs between two pages is searched for there: both pages are
//     read again, backward and forward in turn. If the list has moved, one page
//     shows the whole gap. If it has not moved, a timer does not run that none of
//     three readings shows while the list has one length; or of six, if its length
//     is not known.
//   - A list in another order is read as a whole, up to five times. A timer that
//     is missing from every reading does not run.
//
// So a list at rest costs one pass, and three calls for each timer that may have stopped
// between two pages. The search is for the timers that ran when the list was last read
// (the caller names them) and, if the list moved, for new ones. A start of our own, whose
// id nobody has seen yet, may be between any two pages.
// A list of up to 20 pages that moved is read a second time, backward, and the
// second pass decides what runs. A longer one costs a few more calls. If the caller
// names no timers, every list that moves is read twice, and Snapshot.Moved says
// that a timer may be missing until the next reading.
//
// A timer is undecided if a call failed or came too late, the calls of a search were
// used up, a page was out of order, or an unreadable entry of the list may be that timer.
// It is in Snapshot.Timers if a page showed it, else in Snapshot.Unproven. An unreadable
// entry is identified by its id, or else by its account and its place on the list.
//
// # What it is not
//
// It keeps no token and decides neither when to acquire one nor which source
// to use: that is pkg/timersync.
package timersource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/version"
)

// Token opens a source for some minutes.
type Token struct {
	Value     secret.Text
	ExpiresAt time.Time // by its own exp, without any margin
	// Context is what the source looked up for this token. Store it with the token;
	// only the source reads it.
	Context string
}

// Snapshot is the list of running timers, of everybody whom the session's
// person may see.
type Snapshot struct {
	Timers   []timer.Timer // unfinished, each once
	CachedAt time.Time     // the instant at which every TillNow is true
	Pages    int           // of the list
	// Moved says that the list changed while it was read.
	Moved bool
	// Unproven are the known timers that were not seen, but may still run.
	Unproven []timer.Timer
	// Unreadable are entries of the list that could not be read. A page of another moment
	// may have shown one of them, which is in Timers then.
	Unreadable []clockwork.UnreadableTimer
	// Renewed is a younger token that came with the answers, or nil.
	Renewed *Token
}

// Options configure both sources. SiteURL and Session are required.
type Options struct {
	SiteURL  string // the Jira site; the session goes there and nowhere else
	SiteHost string // its public name, "acme.atlassian.net"; default: the host of SiteURL
	// Session is the value of the cookie tenant.session.token, or a whole
	// Cookie header that holds it.
	Session secret.Text

	ReportBaseURL string   // of Clockwork's report API, for Connect; default as pkg/clockwork
	Forge         ForgeIDs // what is not to be discovered, for Forge

	Transport http.RoundTripper // the process's pooled transport; default: one of its own
	Log       *slog.Logger      // a debug line per call; Connect logs one more at info per reading; default: none
	// SiteBreaker is for the source's own endpoint on the site, ReportBreaker for
	// Clockwork's report API; default: none.
	SiteBreaker, ReportBreaker *upstream.Breaker

	Now   func() time.Time                                 // default time.Now
	Sleep func(ctx context.Context, d time.Duration) error // between repeated reads; default: a timer
}

// ForgeIDs are identifiers of Clockwork on Forge. Empty ones are discovered,
// or are Clockwork's own, which have not changed so far.
type ForgeIDs struct {
	CloudID        string // of the site
	WorkspaceID    string // if the site's id alone is not taken
	EnvironmentID  string
	InstallationID string
	ExtensionID    string // whole ARI
	AppVersion     string // changes with each release
}

func (o *Options) setDefaults() error {
	site, err := url.Parse(o.SiteURL)
	if err != nil || site.Host == "" {
		return errors.New("site URL: is not a URL with a host")
	}
	o.SiteHost = cmp.Or(o.SiteHost, site.Host)
	if o.Session.IsZero() {
		return errors.New("session: is missing")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// site returns the client that alone holds the session.
func (o *Options) site() (*site, error) {
	r, err := rest.New(rest.Options{
		Upstream: "jira", BaseURL: o.SiteURL, Transport: o.Transport, Log: o.Log, Breaker: o.SiteBreaker, Now: o.Now, Sleep: o.Sleep,
	})
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	return &site{rest: r, header: http.Header{
		"Cookie": {cookieHeader(o.Session)},
		"Origin": {"https://" + o.SiteHost},
		// Jira's internal endpoints are made for browsers.
		"User-Agent": {"Mozilla/5.0 (compatible; " + version.UserAgent + ")"},
	}}, nil
}
