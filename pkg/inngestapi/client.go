// Package inngestapi calls Inngest over HTTP: it sends the event that requests a
// sync, asks about the background function, and registers it with a self-hosted
// server. It does not link Inngest's SDK, which is large.
package inngestapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// Names by which Inngest knows this backend.
const (
	AppID      = "clockwork-timers"
	FunctionID = "sync-active-timers"
	Event      = "clockwork/timers.sync.requested" // starts the function
)

// Inngest's cloud.
const (
	CloudAPI    = "https://api.inngest.com"
	CloudEvents = "https://inn.gs"
)

// maxBody is far more than a few functions or runs take, in bytes.
const maxBody = 1 << 20

// ErrKeyForm means that a signing key is not one.
var ErrKeyForm = errors.New("has not the form of a signing key")

// Options say where a Client asks. BaseURL is required.
type Options struct {
	BaseURL    string
	SigningKey secret.Text // "" for a dev server, which wants none
	Transport  http.RoundTripper
	Now        func() time.Time
}

// Client calls the REST API. It is safe for concurrent use.
type Client struct {
	rest   *rest.Client
	header http.Header
}

// New returns a client, or an error if the address or the key is not usable.
func New(o Options) (*Client, error) {
	r, err := rest.New(rest.Options{Upstream: "inngest", BaseURL: o.BaseURL, Transport: o.Transport, Now: o.Now, MaxBody: maxBody})
	if err != nil {
		return nil, err
	}
	c := &Client{rest: r, header: http.Header{}}
	if o.SigningKey.IsZero() {
		return c, nil
	}
	hashed, err := hash(o.SigningKey)
	if err != nil {
		return nil, err
	}
	c.header.Set("Authorization", "Bearer "+hashed)
	return c, nil
}

// signingKey is a prefix with the environment's name, and hexadecimal digits.
var signingKey = regexp.MustCompile(`^(signkey-\w+-)?((?:[0-9a-fA-F]{2})+)$`)

// IsSigningKey reports whether a text has the form of a signing key.
func IsSigningKey(text string) bool { return signingKey.MatchString(text) }

// hash returns what Inngest's SDKs send instead of the key.
func hash(key secret.Text) (string, error) {
	parts := signingKey.FindStringSubmatch(key.Reveal())
	if parts == nil {
		return "", ErrKeyForm
	}
	raw, _ := hex.DecodeString(parts[2]) // pairs of digits, by the form
	sum := sha256.Sum256(raw)
	return parts[1] + hex.EncodeToString(sum[:]), nil
}

// VerifyKey checks that Inngest accepts the key, by asking for one event.
func (c *Client) VerifyKey(ctx context.Context) error {
	_, err := c.do(ctx, rest.Request{Op: "signing_key", Path: []string{"v1", "events"}, Query: url.Values{"limit": {"1"}}})
	return err
}

// Registered reports whether Inngest knows the function. If not, it accepts the
// events and runs nothing.
func (c *Client) Registered(ctx context.Context) (bool, error) {
	resp, err := c.do(ctx, rest.Request{Op: "functions", Path: []string{"v1", "apps", AppID, "functions"}})
	if err != nil {
		return false, err
	}
	functions, err := list[function](resp)
	return slices.ContainsFunc(functions, function.ours), err
}

type function struct {
	ID   string `json:"id"` // the slug, as far as is known
	Slug string `json:"slug"`
}

func (f function) ours() bool {
	return slices.Contains([]string{f.ID, f.Slug}, AppID+"-"+FunctionID)
}

// Run is one run of the function.
type Run struct {
	StartedAt time.Time `json:"run_started_at"`
	Status    string    `json:"status"` // as Inngest words it, such as Completed
}

// latestEvents is how many events LastRun looks at: the run of the last one may
// not have begun.
const latestEvents = 3

// LastRun is the latest run that an event asked for; nil if none is known. Runs
// by a schedule have no such event.
func (c *Client) LastRun(ctx context.Context) (*Run, error) {
	resp, err := c.do(ctx, rest.Request{Op: "events", Path: []string{"v1", "events"}, Query: url.Values{"name": {Event}, "limit": {strconv.Itoa(latestEvents)}}})
	if err != nil {
		return nil, err
	}
	events, err := list[struct {
		ID string `json:"internal_id"`
	}](resp)
	if err != nil {
		return nil, err
	}
	for _, e := range events[:min(len(events), latestEvents)] {
		if e.ID == "" {
			continue
		}
		resp, err := c.do(ctx, rest.Request{Op: "runs", Path: []string{"v1", "events", e.ID, "runs"}})
		if err != nil {
			return nil, err
		}
		runs, err := list[Run](resp)
		if err != nil {
			return nil, err
		}
		if len(runs) > 0 && !runs[0].StartedAt.IsZero() {
			return &runs[0], nil
		}
	}
	return nil, nil
}

// Register registers the function. manifest is what Inngest's SDKs post.
func (c *Client) Register(ctx context.Context, manifest any) error {
	_, err := c.do(ctx, rest.Request{Op: "register", Method: http.MethodPost, Path: []string{"fn", "register"}, JSON: manifest, ReadOnly: true}) // the same again changes nothing
	return err
}

func (c *Client) do(ctx context.Context, r rest.Request) (*rest.Response, error) {
	r.Header = c.header
	return c.rest.Do(ctx, r)
}

// list reads a bare list, or one in an envelope: Inngest answers with either.
func list[T any](resp *rest.Response) (items []T, err error) {
	var envelope struct {
		Data *[]T `json:"data"`
	}
	if strings.HasPrefix(strings.TrimSpace(string(resp.Body)), "[") {
		err = json.Unmarshal(resp.Body, &items)
	} else if err = json.Unmarshal(resp.Body, &envelope); err == nil && envelope.Data != nil {
		items = *envelope.Data
	} else if err == nil {
		err = errors.New("no list")
	}
	if err != nil {
		return nil, resp.Fail(err)
	}
	return items, nil
}

// Refused reports whether Inngest did not accept the key.
func Refused(err error) bool {
	failed, ok := errors.AsType[*upstream.Error](err)
	return ok && (failed.Status == http.StatusUnauthorized || failed.Status == http.StatusForbidden)
}
