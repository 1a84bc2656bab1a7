package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// Errors of signing in at a provider.
var (
	// ErrExpired means that this browser has no such attempt, or took too long, or
	// that the provider's code was used before.
	ErrExpired = errors.New("the sign-in has expired")
	// ErrDenied means that the provider or the person refused.
	ErrDenied = errors.New("the sign-in was denied")
	// ErrUnverified means that the provider does not vouch for the e-mail address.
	ErrUnverified = errors.New("the provider has not verified the e-mail address")
	// ErrNotMember means that the person does not belong to the Jira site, or their
	// address to none of the allowed domains.
	ErrNotMember = errors.New("the person is not a member")
	// ErrUnavailable means that the provider did not answer as it should.
	ErrUnavailable = errors.New("the sign-in provider is unavailable")
)

// Identity is who came back from a provider.
type Identity struct {
	Issuer, Subject string
	AccountID       string // Atlassian's; "" if the provider does not know it
	Email           string // verified; "" if AccountID is known
}

// Callback is what a provider sends back with the browser.
type Callback struct {
	Code   string
	Issuer string // RFC 9207; "" if the provider sends none
	Error  string // OAuth's error code
}

// timeout is for one call to a provider.
const timeout = 5 * time.Second

// maxAnswer bounds a provider's answer, in bytes.
const maxAnswer = 1 << 20

// newClient returns a client for calls to providers: no redirects, a deadline,
// bounded answers.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     bounded{transport},
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(r)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, maxAnswer), response.Body}
	}
	return response, err
}

// exchange trades a callback's code for tokens.
func exchange(ctx context.Context, client *http.Client, config oauth2.Config, back Callback, a Attempt) (*oauth2.Token, error) {
	switch {
	case back.Error == "temporarily_unavailable", back.Error == "server_error":
		return nil, fmt.Errorf("%w: it answered %s", ErrUnavailable, back.Error)
	case back.Error != "", back.Code == "":
		return nil, ErrDenied
	}
	token, err := config.Exchange(context.WithValue(ctx, oauth2.HTTPClient, client), back.Code, oauth2.VerifierOption(a.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.ErrorCode == "invalid_grant" {
		return nil, fmt.Errorf("%w: the code is not valid any more", ErrExpired)
	}
	if err != nil {
		return nil, unavailable("trade the code for a token", err)
	}
	return token, nil
}

// unavailable drops the text of OAuth's errors, which may hold the answer's body.
func unavailable(action string, err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		status := 0
		if refused.Response != nil {
			status = refused.Response.StatusCode
		}
		return fmt.Errorf("%w: %s: status %d %s", ErrUnavailable, action, status, refused.ErrorCode)
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, action, err)
}

// getJSON reads an answer of an API that takes the token.
func getJSON(ctx context.Context, client *http.Client, token *oauth2.Token, address string, into any) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	token.SetAuthHeader(request)
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, nil
	}
	return response.StatusCode, json.NewDecoder(response.Body).Decode(into)
}
