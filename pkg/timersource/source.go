// Package timersource reads who works on what now. Clockwork lists running
// timers only inside its Jira app, whose doors open to a person's Jira session:
// Connect is the door it had until 2026, Forge the one it has since. Both are
// undocumented, and a shape that is not known is an error here, never an empty
// list.
//
// # What a reading proves
//
// The list comes in pages, and people start and stop timers while the pages are
// read. A stop moves later timers to pages that were read already, a start moves
// earlier ones to pages still to be read: so a pass forward misses timers if
// others stop, a pass backward if others start, and either shows some twice. The
// length tells nothing if one stops and one starts at once. What holds:
//
//   - A timer that any page shows runs, unless its place was seen without it
//     later.
//   - One page shows its part of the list at one moment. Ids grow, and if the
//     list is ordered by them, up or down, a timer whose id belongs between the
//     first and the last of a page, and is not on it, does not run. Nothing is
//     before page 1, nor behind the last.
//   - What is not on any page and belongs between two of them is looked for
//     there: both are read again, backward and forward in turn. The list has
//     moved on meanwhile, and one page shows the whole gap; or it has not moved
//     there, and then a timer that none of six readings shows does not run.
//   - If the list has another order, or none, it is read as a whole, up to three
//     times: a timer missing from every reading does not run.
//
// So a list at rest costs one pass. Looked for are the timers that ran when the
// list was last read, which the caller names, and, if the list moved, new ones,
// whose ids are higher. If it moved, a list of up to 20 pages is read a second
// time, backward, and then the second pass tells what runs; a longer one costs
// some calls more. The first time, when no timers are named, every list that
// moves is read twice, and Snapshot.Moved says that a timer may be missing until
// the next reading.
//
// A timer that can be decided neither way is in Snapshot.Unproven: the call that
// would have told failed or came too late, or an entry of the list that cannot be
// read may be that timer. An unreadable entry is told apart by its id, else by
// its account and its place on the list.
//
// # What it is not
//
// It keeps no token and decides neither when to acquire one nor which source
// to use: that is pkg/timersync.
package timersource

import (
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
	// Context is what the source found out for this token and would have to ask
	// for again: to be kept with it, and not to be looked into.
	Context string
}

// Snapshot is the list of running timers, of everybody whom the session's
// person may see.
type Snapshot struct {
	Timers    []timer.Timer // unfinished, each once
	FetchedAt time.Time     // before the first page was sent
	CachedAt  time.Time     // the instant at which every TillNow is true
	Pages     int           // of the list
	// Moved says that the list changed while it was read.
	Moved bool
	// Unproven are the known timers that were not seen, and of which it is not
	// proven either that they have stopped.
	Unproven []timer.Timer
	// Unreadable are entries of the list that Timers leaves out.
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
	Log       *slog.Logger      // one debug line per call; default: none
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
	WorkspaceID    string // where the site's id alone is not taken
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
	if o.SiteHost == "" {
		o.SiteHost = site.Host
	}
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
