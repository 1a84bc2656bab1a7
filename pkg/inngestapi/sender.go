package inngestapi

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
)

var (
	// ErrNotSent means that no sync could be requested.
	ErrNotSent = errors.New("sync event not sent")
	// ErrNotRegistered means that Inngest would accept an event and run nothing.
	ErrNotRegistered = errors.New("sync function not registered with inngest")
)

const (
	// registeredFor is how long an answer of Registered is believed.
	registeredFor = time.Minute
	// registeredTimeout leaves most of an event's time to the event itself.
	registeredTimeout = time.Second
)

// Data says for whom a sync is requested. The snapshot is of everybody all the
// same. A JiraDomain other than the configured one is refused.
type Data struct {
	UserEmail  string `json:"userEmail,omitempty"`
	AccountID  string `json:"accountId,omitempty"`
	JiraDomain string `json:"jiraDomain,omitempty"`
}

// event is one in the form of Inngest's event API. A repeated ID counts once.
type event struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Data Data   `json:"data"`
}

// SenderOptions say where events go.
type SenderOptions struct {
	BaseURL    string // "" for Inngest's cloud
	Dev        bool   // BaseURL is a dev server, which wants no keys
	EventKey   secret.Text
	SigningKey secret.Text
	Timeout    time.Duration // of all that one event takes
	Transport  http.RoundTripper
	Now        func() time.Time
}

// Sender requests syncs by event. It is safe for concurrent use.
type Sender struct {
	options SenderOptions
	events  *rest.Client
	// api asks a self-hosted Inngest whether it knows the function; nil otherwise.
	api    *Client
	apiErr error

	mu              sync.Mutex
	registeredUntil time.Time
}

// NewSender returns a sender, or an error if the address is not usable.
func NewSender(o SenderOptions) (*Sender, error) {
	s := &Sender{options: o}
	base := cmp.Or(o.BaseURL, CloudEvents)
	if o.BaseURL != "" && !o.Dev {
		s.api, s.apiErr = New(Options{BaseURL: base, SigningKey: o.SigningKey, Transport: o.Transport, Now: o.Now})
	}
	var err error
	s.events, err = rest.New(rest.Options{Upstream: "inngest", BaseURL: base, Transport: o.Transport, Timeout: o.Timeout, Now: o.Now, MaxBody: maxBody})
	return s, err
}

// RequestSync sends the event that starts the function, on behalf of an account
// ("" for no one). Every error is ErrNotSent.
func (s *Sender) RequestSync(ctx context.Context, accountID string) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	err := s.check(ctx)
	if err == nil {
		err = s.send(ctx, Data{AccountID: accountID})
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return nil
}

// check returns an error if nothing would come of an event.
func (s *Sender) check(ctx context.Context) error {
	switch {
	case s.options.Dev:
		return nil
	case s.options.EventKey.IsZero():
		return errors.New("INNGEST_EVENT_KEY is not set, nor INNGEST_DEV")
	case s.options.SigningKey.IsZero():
		return errors.New("INNGEST_SIGNING_KEY is not set: Inngest's calls would be refused, and nothing run")
	case s.apiErr != nil:
		return errors.Join(ErrNotRegistered, s.apiErr)
	case s.api == nil || s.isRegistered():
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, registeredTimeout)
	defer cancel()
	registered, err := s.api.Registered(ctx)
	switch {
	case err == nil && registered:
		s.remember()
	case err == nil:
		return ErrNotRegistered
	case Refused(err): // Inngest has another key, so its calls would be refused
		return errors.Join(ErrNotRegistered, err)
	}
	return nil // if Inngest does not say, the event is sent
}

func (s *Sender) isRegistered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.options.Now().Before(s.registeredUntil)
}

func (s *Sender) remember() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.registeredUntil = s.options.Now().Add(registeredFor)
}

func (s *Sender) send(ctx context.Context, data Data) error {
	resp, err := s.events.Do(ctx, rest.Request{
		Op: "event.send", Method: http.MethodPost, Path: []string{"e", s.key()},
		JSON:     event{ID: rand.Text(), Name: Event, Data: data},
		ReadOnly: true, // the same event again changes nothing
		Secrets:  []secret.Text{s.options.EventKey},
	})
	if err != nil {
		return err
	}
	var answer struct{ IDs []string }
	if err := resp.Decode(&answer); err != nil {
		return err
	}
	if len(answer.IDs) == 0 {
		return resp.Fail(errors.New("the answer has no event id: is that address Inngest's?"))
	}
	return nil
}

// key is the configured key. A dev server accepts any, but without one in its
// path an event is redirected, and lost.
func (s *Sender) key() string {
	if s.options.EventKey.IsZero() {
		return "dev"
	}
	return s.options.EventKey.Reveal()
}
