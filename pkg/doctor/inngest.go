package doctor

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/health"
	"github.com/clockwork-timer/backend/pkg/inngestapi"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

func checkInngest(ctx context.Context, t *target) []Finding {
	c := t.config
	eventKey, signing := c.Inngest.EventKey, c.Inngest.SigningKey
	switch {
	case t.wrong("INNGEST_DEV", "INNGEST_BASE_URL", "INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY"):
		return only(skip(see))
	case c.InngestDev():
		return only(t.checkDevServer(ctx))
	case eventKey.IsZero() && signing.IsZero() && c.SyncInterval.Duration > 0:
		return only(skip("no keys are set: cmd/server syncs by itself every %s; functions on Vercel need Inngest", c.SyncInterval))
	case eventKey.IsZero() && signing.IsZero():
		return only(warn("no keys are set: nothing syncs by itself, so set INNGEST_EVENT_KEY and INNGEST_SIGNING_KEY (app.inngest.com > Manage), or INNGEST_DEV=1"))
	case eventKey.IsZero():
		return only(fail("INNGEST_EVENT_KEY is missing beside INNGEST_SIGNING_KEY: make one at app.inngest.com > Manage > Event keys"))
	case signing.IsZero():
		return only(fail("INNGEST_SIGNING_KEY is missing beside INNGEST_EVENT_KEY: copy it from app.inngest.com > Manage > Signing key"))
	case inngestapi.IsSigningKey(eventKey.Reveal()) && len(eventKey.Reveal()) > 20 && eventKey.Reveal()[:8] == "signkey-":
		return only(fail("INNGEST_EVENT_KEY holds a signing key: set the event key there (app.inngest.com > Manage > Event keys)"))
	case !inngestapi.IsSigningKey(signing.Reveal()):
		return only(fail("INNGEST_SIGNING_KEY has not the form signkey-prod-0123abcd…: copy it again from app.inngest.com > Manage > Signing key"))
	}
	return only(t.checkKeys(ctx, eventKey, signing))
}

func (t *target) inngest(base string) (*rest.Client, error) {
	return rest.New(rest.Options{Upstream: "inngest", BaseURL: base, Transport: t.transport, Now: t.now})
}

func (t *target) checkDevServer(ctx context.Context) Finding {
	client, err := t.inngest(t.config.InngestURL())
	if err != nil {
		return fail("INNGEST_DEV: %v", err)
	}
	if _, err = client.Do(ctx, rest.Request{Op: "health", Path: []string{"health"}}); err != nil && upstream.StatusOf(err) == 0 {
		return fail("the dev server: %s: start it with npx inngest-cli@latest dev, or unset INNGEST_DEV", cause(err))
	}
	return ok("the dev server answers; it needs no keys, and its requests are not signed")
}

// checkKeys asks the API, of Inngest's cloud or of a server of one's own, with
// the signing key, and the event address with the event key and an empty list of
// events, which sends nothing.
func (t *target) checkKeys(ctx context.Context, eventKey, signing secret.Text) Finding {
	base, events := inngestapi.CloudAPI, inngestapi.CloudEvents
	if own := t.config.InngestURL(); own != "" {
		base, events = own, own
	}
	api, err := inngestapi.New(inngestapi.Options{BaseURL: base, SigningKey: signing, Transport: t.transport, Now: t.now})
	if err != nil {
		return fail("INNGEST_SIGNING_KEY: %v", err)
	}
	asked := api.VerifyKey(ctx)
	sent := t.ask(ctx, events, rest.Request{Op: "event_key", Method: http.MethodPost, Path: []string{"e", eventKey.Reveal()},
		JSON: []struct{}{}, Secrets: []secret.Text{eventKey}})
	switch {
	case refused(asked):
		return fail("%d: Inngest refuses INNGEST_SIGNING_KEY: copy it again from app.inngest.com > Manage > Signing key, of the right environment", upstream.StatusOf(asked))
	case refused(sent):
		return fail("%d: Inngest does not know INNGEST_EVENT_KEY: make one at app.inngest.com > Manage > Event keys, in the right environment", upstream.StatusOf(sent))
	case asked != nil && upstream.StatusOf(asked) == 0, sent != nil && upstream.StatusOf(sent) == 0:
		return fail("Inngest: %s: check INNGEST_BASE_URL if it is set, or status.inngest.com", cause(firstError(asked, sent)))
	case asked != nil && sent != nil:
		return warn("both keys look well-formed but could not be verified (Inngest answered %d and %d)", upstream.StatusOf(asked), upstream.StatusOf(sent))
	case asked != nil:
		return warn("the event key is accepted; the signing key looks well-formed but could not be verified (Inngest answered %d)", upstream.StatusOf(asked))
	case sent != nil:
		return warn("the signing key is accepted; the event key looks well-formed but could not be verified (Inngest answered %d)", upstream.StatusOf(sent))
	}
	return t.checkFunction(ctx, api)
}

// checkFunction checks whether Inngest knows the function, and when it last ran.
func (t *target) checkFunction(ctx context.Context, api *inngestapi.Client) Finding {
	last, err := health.LastRun(ctx, api)
	switch {
	case errors.Is(err, inngestapi.ErrNotRegistered) && t.config.SelfHostedInngest():
		return fail("both keys are accepted, but the function is not registered, so that nothing runs: start Inngest with --sdk-url and the address at which it reaches this server, such as http://server:3000/api/inngest")
	case errors.Is(err, inngestapi.ErrNotRegistered):
		return fail("both keys are accepted, but the function is not registered, so that nothing runs: sync the app in Inngest with the address of /api/inngest")
	case err != nil:
		return ok("both keys are accepted; Inngest does not say whether the app is registered with them and when it last ran (see the app's page in Inngest)")
	case last == nil:
		return ok("both keys are accepted, and the function is registered; no event has run it yet")
	}
	return ok("both keys are accepted, and the function is registered; an event last ran it %s ago: %s", t.now().Sub(last.StartedAt).Round(time.Second), strings.ToLower(oneLine(last.Status)))
}

func (t *target) ask(ctx context.Context, base string, r rest.Request) error {
	client, err := t.inngest(base)
	if err != nil {
		return err
	}
	_, err = client.Do(ctx, r)
	return err
}

func refused(err error) bool {
	return upstream.StatusOf(err) == http.StatusUnauthorized || upstream.StatusOf(err) == http.StatusForbidden
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil && upstream.StatusOf(err) == 0 {
			return err
		}
	}
	return nil
}
