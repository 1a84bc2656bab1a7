package doctor

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// checkSignIn says who can sign in without a password, and how long people stay
// signed in.
func checkSignIn(ctx context.Context, t *target) []Finding {
	c := t.config
	switch {
	case t.wrong("PUBLIC_URL", "JWT_SECRET", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_EMAIL_DOMAINS", "ATLASSIAN_OAUTH_CLIENT_ID", "ATLASSIAN_OAUTH_CLIENT_SECRET", "ATLASSIAN_AUTH_URL"):
		return only(skip(see))
	case c.PublicURL.URL == nil:
		return only(skip("PUBLIC_URL is not set: a reload of the page asks for the password again, and no provider can be used"))
	case c.Auth.JWTSecret.IsZero():
		return only(skip("JWT_SECRET is not set: nobody can sign in"))
	}
	var found []Finding
	if c.PublicURL.Scheme == "https" {
		found = append(found, ok("browsers stay signed in at %s", c.PublicURL))
	} else {
		found = append(found, warn("PUBLIC_URL is %s: only browsers on this machine can sign in; others need https", c.PublicURL))
	}
	if c.HasAtlassian() {
		found = append(found, t.checkAtlassian(ctx))
	}
	if c.HasOIDC() {
		found = append(found, t.checkOIDC(ctx))
	}
	return found
}

// register is what only the operator can compare with the provider's own page.
const register = "it has to know the callback address %s"

func (t *target) provider(url config.URL) (*rest.Client, error) {
	return rest.New(rest.Options{Upstream: "provider", BaseURL: url.String(), Transport: t.transport, Now: t.now})
}

// checkAtlassian asks for the page on which people sign in. Without a person it
// cannot show whether the app is registered.
func (t *target) checkAtlassian(ctx context.Context) Finding {
	c := t.config
	client, err := t.provider(c.Atlassian.AuthURL)
	if err == nil {
		_, err = client.Do(ctx, rest.Request{Op: "authorize", Path: []string{"authorize"}})
	}
	if err != nil && (upstream.StatusOf(err) == 0 || upstream.StatusOf(err) >= http.StatusInternalServerError) {
		return fail("Atlassian's sign-in page: %s: check ATLASSIAN_AUTH_URL", cause(err))
	}
	return ok("Atlassian's sign-in page answers; "+register+" and the scopes read:me and read:jira-user", c.CallbackURL())
}

func (t *target) checkOIDC(ctx context.Context) Finding {
	c := t.config
	var said struct {
		Issuer string `json:"issuer"`
	}
	client, err := t.provider(c.OIDC.Issuer)
	var response *rest.Response
	if err == nil {
		response, err = client.Do(ctx, rest.Request{Op: "discovery", Path: []string{".well-known", "openid-configuration"}})
	}
	switch {
	case err != nil:
		return fail("the OpenID Connect provider: %s: check OIDC_ISSUER", cause(err))
	case json.Unmarshal(response.Body, &said) != nil || said.Issuer == "":
		return fail("the OpenID Connect provider answers with no discovery document: check OIDC_ISSUER")
	case said.Issuer != c.OIDC.Issuer.String():
		return fail("the provider calls itself %s: set OIDC_ISSUER to exactly that", oneLine(said.Issuer))
	}
	return ok("the OpenID Connect provider answers; "+register, c.CallbackURL())
}
