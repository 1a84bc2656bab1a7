package signin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// AtlassianID names the provider in addresses and sessions.
const AtlassianID = "atlassian"

// Addresses of Atlassian's OAuth 2.0 (3LO), as its developer pages give them.
const (
	AtlassianAuthURL = "https://auth.atlassian.com"
	AtlassianAPIURL  = "https://api.atlassian.com"
)

// AtlassianOptions configure the sign-in with Atlassian.
type AtlassianOptions struct {
	ClientID     string
	ClientSecret secret.Text
	RedirectURL  string
	Site         string // https://acme.atlassian.net: whoever signs in is a member
	AuthURL      string // AtlassianAuthURL, but in tests
	APIURL       string
	Transport    http.RoundTripper
}

// Atlassian is the sign-in with an Atlassian account. Its tokens are asked three
// questions and then forgotten.
type Atlassian struct {
	site, api string
	config    oauth2.Config
	client    *http.Client
}

// NewAtlassian returns the provider.
func NewAtlassian(o AtlassianOptions) *Atlassian {
	return &Atlassian{site: strings.TrimSuffix(o.Site, "/"), api: o.APIURL, client: newClient(o.Transport), config: oauth2.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), RedirectURL: o.RedirectURL,
		// read:me tells who it is, read:jira-user proves the membership.
		Scopes: []string{"read:me", "read:jira-user"},
		// If the style is left open, a wrong secret is tried twice.
		Endpoint: oauth2.Endpoint{AuthURL: o.AuthURL + "/authorize", TokenURL: o.AuthURL + "/oauth/token", AuthStyle: oauth2.AuthStyleInParams},
	}}
}

// AuthURL is where the browser goes to sign in.
func (p *Atlassian) AuthURL(_ context.Context, a Attempt) (string, error) {
	return p.config.AuthCodeURL(a.State, oauth2.S256ChallengeOption(a.Verifier),
		oauth2.SetAuthURLParam("audience", "api.atlassian.com"), oauth2.SetAuthURLParam("prompt", "consent")), nil
}

// Identify returns who came back, if they are a member of the site. They are
// identified by their account id: Atlassian does not say whether an address is
// verified.
func (p *Atlassian) Identify(ctx context.Context, back Callback, a Attempt) (Identity, error) {
	token, err := exchange(ctx, p.client, p.config, back, a)
	if err != nil {
		return Identity{}, err
	}
	var me struct {
		AccountID string `json:"account_id"`
		Status    string `json:"account_status"`
	}
	if err := p.get(ctx, token, "/me", &me); err != nil {
		return Identity{}, err
	}
	if me.AccountID == "" {
		return Identity{}, fmt.Errorf("%w: /me names no account", ErrUnavailable)
	}
	if me.Status != "" && me.Status != "active" {
		return Identity{}, fmt.Errorf("%w: the account is %s", ErrDenied, me.Status)
	}
	if err := p.checkMember(ctx, token, me.AccountID); err != nil {
		return Identity{}, err
	}
	return Identity{Issuer: AtlassianID, Subject: me.AccountID, AccountID: me.AccountID}, nil
}

// checkMember asks the site itself, with the person's token. Grants for several
// sites add up in one list without an order, so ours is looked for.
func (p *Atlassian) checkMember(ctx context.Context, token *oauth2.Token, account string) error {
	var sites []struct {
		ID  string `json:"id"`
		URL string `json:"url"`
	}
	if err := p.get(ctx, token, "/oauth/token/accessible-resources", &sites); err != nil {
		return err
	}
	for _, site := range sites {
		if !strings.EqualFold(strings.TrimSuffix(site.URL, "/"), p.site) || site.ID == "" {
			continue
		}
		var myself struct {
			AccountID string `json:"accountId"`
		}
		status, err := getJSON(ctx, p.client, token, p.api+"/ex/jira/"+url.PathEscape(site.ID)+"/rest/api/3/myself", &myself)
		switch {
		case err != nil:
			return unavailable("ask the site who this is", err)
		case status == http.StatusOK && myself.AccountID == account:
			return nil
		case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests:
			return fmt.Errorf("%w: the site answered %d", ErrUnavailable, status)
		}
	}
	return ErrNotMember
}

func (p *Atlassian) get(ctx context.Context, token *oauth2.Token, path string, into any) error {
	status, err := getJSON(ctx, p.client, token, p.api+path, into)
	switch {
	case err != nil:
		return unavailable("read "+path, err)
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		return fmt.Errorf("%w: %s answered %d", ErrDenied, path, status)
	case status != http.StatusOK:
		return fmt.Errorf("%w: %s answered %d", ErrUnavailable, path, status)
	}
	return nil
}
