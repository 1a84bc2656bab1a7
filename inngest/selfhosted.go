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

// registering tells a server of one's own of the functions. Inngest's cloud
// reads them from the answer to its signed PUT; `inngest start` sends the same
// PUT, does not look at the answer, and waits for them at its own address.
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
		answer := &held{header: http.Header{}, status: http.StatusOK}
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

// manifestOf makes one of the SDK's answer to a signed PUT.
func manifestOf(answer []byte, version string) (manifest, error) {
	var told struct {
		AppID     string          `json:"app_id"`
		Functions json.RawMessage `json:"functions"`
		Language  string          `json:"sdk_language"`
		Version   string          `json:"sdk_version"`
		URL       string          `json:"url"`
	}
	if err := json.Unmarshal(answer, &told); err != nil {
		return manifest{}, fmt.Errorf("the SDK's answer: %w", err)
	}
	return manifest{V: "1", URL: told.URL, DeployType: "ping", SDK: told.Language + ":v" + told.Version,
		AppName: told.AppID, AppVersion: version, Functions: told.Functions}, nil
}

// held is an answer that is not sent yet.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *held) Header() http.Header         { return h.header }
func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(b []byte) (int, error) { return h.body.Write(b) }

func (h *held) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), h.header)
	w.WriteHeader(h.status)
	_, _ = w.Write(h.body.Bytes())
}
