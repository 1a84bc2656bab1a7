package signin

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

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

	mu       sync.Mutex
	provider *oidc.Provider // nil until it was discovered
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
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.provider == nil {
		// The provider keeps this context for fetching keys later.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.options.Issuer)
		if err != nil {
			return nil, oauth2.Config{}, unavailable("discover the provider", err)
		}
		p.provider = found
	}
	return p.provider, oauth2.Config{
		ClientID: p.options.ClientID, ClientSecret: p.options.ClientSecret.Reveal(), RedirectURL: p.options.RedirectURL,
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"}, Endpoint: p.provider.Endpoint(),
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
	Name     string `json:"name"`
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
	said, err := p.verify(oidc.ClientContext(ctx, p.client), provider, token, a.Nonce)
	if err != nil {
		return Identity{}, err
	}
	if said.Email == "" {
		if said, err = p.userInfo(oidc.ClientContext(ctx, p.client), provider, token, said); err != nil {
			return Identity{}, err
		}
	}
	switch {
	case said.Email == "" || !bool(said.Verified) && !p.verifiedByTenant(said):
		return Identity{}, ErrUnverified
	case !p.allowed(said):
		return Identity{}, ErrNotMember
	}
	return Identity{Issuer: p.options.Issuer, Subject: said.Subject, Email: timer.NormalizeEmail(said.Email), Name: said.Name}, nil
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
	var said claims
	if err := id.Claims(&said); err != nil {
		return claims{}, unavailable("read the id token", err)
	}
	said.Subject = id.Subject
	switch {
	case said.Subject == "":
		return claims{}, fmt.Errorf("%w: the id token names nobody", ErrUnavailable)
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) == 0:
		return claims{}, fmt.Errorf("%w: the id token is of another sign-in", ErrExpired)
	case said.Party != "" && said.Party != p.options.ClientID, len(id.Audience) > 1 && said.Party == "":
		return claims{}, fmt.Errorf("%w: the id token is for another client", ErrDenied)
	}
	return said, nil
}

// userInfo asks for the address that an id token leaves out. The answer must be
// about the same person, and address and verification come from one answer.
func (p *OIDC) userInfo(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, known claims) (claims, error) {
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return claims{}, unavailable("read userinfo", err)
	}
	said := claims{}
	var raw json.RawMessage
	if err := info.Claims(&raw); err != nil || json.Unmarshal(raw, &said) != nil {
		return claims{}, fmt.Errorf("%w: userinfo cannot be read", ErrUnavailable)
	}
	if info.Subject != known.Subject {
		return claims{}, fmt.Errorf("%w: userinfo is about somebody else", ErrDenied)
	}
	said.Subject = known.Subject
	return said, nil
}

// verifiedByTenant accepts Entra's claim if the issuer is one tenant: others may
// be made by anybody.
func (p *OIDC) verifiedByTenant(said claims) bool {
	const entra = "https://login.microsoftonline.com/"
	tenant, isEntra := strings.CutPrefix(p.options.Issuer, entra)
	tenant, _, _ = strings.Cut(tenant, "/")
	return bool(said.Domain) && isEntra && !slices.Contains([]string{"", "common", "organizations", "consumers"}, tenant)
}

func (p *OIDC) allowed(said claims) bool {
	_, domain, _ := strings.Cut(said.Email, "@")
	in := func(name string) bool {
		return slices.ContainsFunc(p.options.Domains, func(d string) bool { return strings.EqualFold(d, name) })
	}
	if p.options.Issuer == GoogleIssuer {
		// Google vouches for its own addresses and for those of the account's
		// organisation; anybody can make an account with any other address.
		return in(domain) && (strings.EqualFold(said.Hosted, domain) || strings.EqualFold(domain, "gmail.com"))
	}
	return len(p.options.Domains) == 0 || in(domain)
}
