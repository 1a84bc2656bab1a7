package signin

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/clockwork-timer/backend/pkg/internal/flight"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// OIDCID names the provider in addresses and sessions.
const OIDCID = "oidc"

// GoogleIssuer is the issuer for which domains are required: everybody has a
// Google account.
const GoogleIssuer = "https://accounts.google.com"

// OIDCOptions configure the sign-in with an OpenID Connect provider.
type OIDCOptions struct {
	Issuer       string
	ClientID     string
	ClientSecret secret.Text
	RedirectURL  string
	Domains      []string // of e-mail addresses; empty allows any
	Transport    http.RoundTripper
	Now          func() time.Time
}

// OIDC is the sign-in with an OpenID Connect provider. It discovers the provider
// at the first use, so that one that is down stops nothing else.
type OIDC struct {
	options OIDCOptions
	client  *http.Client

	discovery flight.Group[*oidc.Provider]
	provider  atomic.Pointer[oidc.Provider] // nil until it was discovered
}

// NewOIDC returns the provider.
func NewOIDC(o OIDCOptions) *OIDC { return &OIDC{options: o, client: newClient(o.Transport)} }

// AuthURL is where the browser goes to sign in.
func (p *OIDC) AuthURL(ctx context.Context, a Attempt) (string, error) {
	_, config, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return config.AuthCodeURL(a.State, oauth2.S256ChallengeOption(a.Verifier), oidc.Nonce(a.Nonce)), nil
}

func (p *OIDC) discover(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	provider := p.provider.Load()
	if provider == nil {
		var err error
		provider, err = p.discovery.Do(ctx, "", func(ctx context.Context) (*oidc.Provider, error) {
			return oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.options.Issuer)
		})
		if err != nil {
			return nil, oauth2.Config{}, unavailable("discover the provider", err)
		}
		p.provider.Store(provider)
	}
	return provider, oauth2.Config{
		ClientID: p.options.ClientID, ClientSecret: p.options.ClientSecret.Reveal(), RedirectURL: p.options.RedirectURL,
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"}, Endpoint: provider.Endpoint(),
	}, nil
}

// claims are what an id token, or the answer of userinfo, says of a person.
type claims struct {
	Subject  string `json:"sub"`
	Party    string `json:"azp"`
	Email    string `json:"email"`
	Verified truth  `json:"email_verified"`
	Domain   truth  `json:"xms_edov"` // Entra: the domain's owner is verified
	Hosted   string `json:"hd"`       // Google: the organisation's domain
}

// truth is a claim that some providers write as a text or a number.
type truth bool

func (t *truth) UnmarshalJSON(b []byte) error {
	text := strings.ToLower(strings.Trim(string(b), `"`))
	*t = text == "true" || text == "1"
	return nil
}

// Identify returns who came back, with an e-mail address for which the provider
// vouches.
func (p *OIDC) Identify(ctx context.Context, back Callback, a Attempt) (Identity, error) {
	provider, config, err := p.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	if back.Issuer != "" && back.Issuer != p.options.Issuer {
		return Identity{}, fmt.Errorf("%w: the answer comes from another issuer", ErrDenied)
	}
	token, err := exchange(ctx, p.client, config, back, a)
	if err != nil {
		return Identity{}, err
	}
	person, err := p.verify(oidc.ClientContext(ctx, p.client), provider, token, a.Nonce)
	if err != nil {
		return Identity{}, err
	}
	if person.Email == "" {
		if person, err = p.userInfo(oidc.ClientContext(ctx, p.client), provider, token, person); err != nil {
			return Identity{}, err
		}
	}
	switch {
	case person.Email == "" || !bool(person.Verified) && !p.verifiedByTenant(person):
		return Identity{}, ErrUnverified
	case !p.allowed(person):
		return Identity{}, ErrNotMember
	}
	return Identity{Issuer: p.options.Issuer, Subject: person.Subject, Email: timer.NormalizeEmail(person.Email)}, nil
}

// verify checks the id token: the library its signature, issuer, audience and
// time, this function the nonce and the authorized party, which it leaves open.
func (p *OIDC) verify(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, nonce string) (claims, error) {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return claims{}, fmt.Errorf("%w: it sent no id token", ErrUnavailable)
	}
	id, err := provider.Verifier(&oidc.Config{ClientID: p.options.ClientID, Now: p.options.Now}).Verify(ctx, raw)
	if err != nil {
		return claims{}, unavailable("verify the id token", err)
	}
	var person claims
	if err := id.Claims(&person); err != nil {
		return claims{}, unavailable("read the id token", err)
	}
	person.Subject = id.Subject
	switch {
	case person.Subject == "":
		return claims{}, fmt.Errorf("%w: the id token names nobody", ErrUnavailable)
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) == 0:
		return claims{}, fmt.Errorf("%w: the id token is of another sign-in", ErrExpired)
	case person.Party != "" && person.Party != p.options.ClientID, len(id.Audience) > 1 && person.Party == "":
		return claims{}, fmt.Errorf("%w: the id token is for another client", ErrDenied)
	}
	return person, nil
}

// userInfo asks for the address that an id token leaves out. The answer must be
// about the same person, and address and verification come from one answer.
func (p *OIDC) userInfo(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, known claims) (claims, error) {
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return claims{}, unavailable("read userinfo", err)
	}
	person := claims{}
	var raw json.RawMessage
	if err := info.Claims(&raw); err != nil || json.Unmarshal(raw, &person) != nil {
		return claims{}, fmt.Errorf("%w: userinfo cannot be read", ErrUnavailable)
	}
	if info.Subject != known.Subject {
		return claims{}, fmt.Errorf("%w: userinfo is about somebody else", ErrDenied)
	}
	person.Subject = known.Subject
	return person, nil
}

// verifiedByTenant accepts Entra's claim if the issuer is one tenant: others may
// be made by anybody.
func (p *OIDC) verifiedByTenant(person claims) bool {
	const entra = "https://login.microsoftonline.com/"
	tenant, isEntra := strings.CutPrefix(p.options.Issuer, entra)
	tenant, _, _ = strings.Cut(tenant, "/")
	return bool(person.Domain) && isEntra && !slices.Contains([]string{"", "common", "organizations", "consumers"}, tenant)
}

func (p *OIDC) allowed(person claims) bool {
	_, domain, _ := strings.Cut(person.Email, "@")
	in := func(name string) bool {
		return slices.ContainsFunc(p.options.Domains, func(d string) bool { return strings.EqualFold(d, name) })
	}
	if p.options.Issuer == GoogleIssuer {
		// Google vouches for its own addresses and for those of the account's
		// organisation; anybody can make an account with any other address.
		return in(domain) && (strings.EqualFold(person.Hosted, domain) || strings.EqualFold(domain, "gmail.com"))
	}
	return len(p.options.Domains) == 0 || in(domain)
}
