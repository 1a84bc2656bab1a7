package inngest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/inngestapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

// registering registers the function with a self-hosted Inngest. Inngest's cloud
// reads the functions from the answer to its signed PUT; `inngest start` sends the
// same PUT, ignores the answer, and expects them at its own address.
func registering(d *app.Deps, next http.Handler) (http.Handler, error) {
	api, err := inngestapi.New(inngestapi.Options{BaseURL: d.Config.InngestURL(), SigningKey: d.Config.Inngest.SigningKey, Transport: d.Transport, Now: d.Now})
	if err != nil {
		return nil, fmt.Errorf("INNGEST_SIGNING_KEY: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			next.ServeHTTP(w, r)
			return
		}
		answer := &buffered{header: http.Header{}, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		if answer.status == http.StatusOK {
			manifest, err := manifestOf(answer.body.Bytes(), d.Config.Platform.Commit)
			if err == nil {
				err = api.Register(r.Context(), manifest)
			}
			if err != nil {
				d.Log.ErrorContext(r.Context(), "function not registered with inngest", "error", err)
				web.WriteError(w, &web.Error{Status: http.StatusBadGateway, Code: "INNGEST_UNAVAILABLE", Message: "Inngest did not accept the function. This server's log says why."})
				return
			}
			d.Log.DebugContext(r.Context(), "function registered with inngest")
		}
		answer.send(w)
	}), nil
}

// manifest is what SDKs post to /fn/register.
type manifest struct {
	V          string          `json:"v"`
	URL        string          `json:"url"`
	DeployType string          `json:"deployType"`
	SDK        string          `json:"sdk"`
	AppName    string          `json:"appName"`
	AppVersion string          `json:"appVersion,omitempty"`
	Functions  json.RawMessage `json:"functions"`
}

// manifestOf converts the SDK's answer to a signed PUT.
func manifestOf(answer []byte, version string) (manifest, error) {
	var from struct {
		AppID     string          `json:"app_id"`
		Functions json.RawMessage `json:"functions"`
		Language  string          `json:"sdk_language"`
		Version   string          `json:"sdk_version"`
		URL       string          `json:"url"`
	}
	if err := json.Unmarshal(answer, &from); err != nil {
		return manifest{}, fmt.Errorf("the SDK's answer: %w", err)
	}
	return manifest{V: "1", URL: from.URL, DeployType: "ping", SDK: from.Language + ":v" + from.Version,
		AppName: from.AppID, AppVersion: version, Functions: from.Functions}, nil
}

// buffered is an answer that is not sent yet.
type buffered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffered) Header() http.Header         { return b.header }
func (b *buffered) WriteHeader(status int)      { b.status = status }
func (b *buffered) Write(p []byte) (int, error) { return b.body.Write(p) }

func (b *buffered) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), b.header)
	w.WriteHeader(b.status)
	_, _ = w.Write(b.body.Bytes())
}
