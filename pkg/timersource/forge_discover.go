package timersource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// cloudID asks the site who it is; that needs no session, and is sent none.
func (f *Forge) cloudID(ctx context.Context) (string, error) {
	resp, err := f.site.rest.Do(ctx, rest.Request{Op: "forge.tenant_info", Path: []string{"_edge", "tenant_info"}})
	if err != nil {
		return "", fmt.Errorf("read cloud id (or set JIRA_CLOUD_ID): %w", err)
	}
	var answer struct {
		CloudID string `json:"cloudId"`
	}
	if err := resp.Decode(&answer); err != nil {
		return "", fmt.Errorf("%w: tenant_info: %w", ErrUnknownShape, err)
	}
	if answer.CloudID == "" {
		return "", fmt.Errorf("%w: tenant_info without cloudId", ErrUnknownShape)
	}
	return answer.CloudID, nil
}

const appsQuery = `query Apps($ctx: ID!, $filters: [EcosystemAppsInstalledInContextsFilter!]) {
  ecosystem {
    appsInstalledInContexts(contextIds: [$ctx], filters: $filters, options: {groupByBaseApp: true, shouldIncludePrivateApps: true}) {
      edges {
        node(contextIds: [$ctx], options: {groupByBaseApp: true, shouldIncludePrivateApps: true}) {
          ... on App {
            id
            installationsByContexts(contextIds: [$ctx]) {
              nodes {
                id
                appEnvironment { id key }
                appEnvironmentVersion { version }
              }
            }
          }
        }
      }
    }
  }
}`

// installation is Clockwork on this site.
type installation struct {
	id            string
	environmentID string
	version       string
}

type appsAnswer struct {
	Ecosystem struct {
		AppsInstalledInContexts struct {
			Edges []struct {
				Node struct {
					InstallationsByContexts struct {
						Nodes []wireInstallation `json:"nodes"`
					} `json:"installationsByContexts"`
				} `json:"node"`
			} `json:"edges"`
		} `json:"appsInstalledInContexts"`
	} `json:"ecosystem"`
}

func (a *appsAnswer) read(r *jsonread.Reader) error { return json.Unmarshal([]byte(r.Raw()), a) }

// complete wants each entry of the list: of one that is null it is not known whether
// it is Clockwork.
func (a *appsAnswer) complete() bool {
	edges := a.Ecosystem.AppsInstalledInContexts.Edges
	for _, edge := range edges {
		nodes := edge.Node.InstallationsByContexts.Nodes
		if len(nodes) == 0 || slices.ContainsFunc(nodes, func(w wireInstallation) bool {
			return w.ID == "" || w.AppEnvironment.ID == "" || w.AppEnvironment.Key == "" || w.AppEnvironmentVersion.Version == ""
		}) {
			return false
		}
	}
	return len(edges) > 0
}

type wireInstallation struct {
	ID             string `json:"id"`
	AppEnvironment struct {
		ID  string `json:"id"`
		Key string `json:"key"`
	} `json:"appEnvironment"`
	AppEnvironmentVersion struct {
		Version string `json:"version"`
	} `json:"appEnvironmentVersion"`
}

// discover looks Clockwork up among the site's apps. That an ordinary user may
// do so is not established: a refusal asks for configuration. Only if the
// list can be read and Clockwork is not on it, the source is gone.
func (f *Forge) discover(ctx context.Context, ids ForgeIDs) (installation, error) {
	var answer appsAnswer
	_, err := f.site.query(ctx, operation{
		op: "forge.apps", name: "Apps", query: appsQuery,
		variables: map[string]any{
			"ctx":     ids.contextID(),
			"filters": []any{map[string]any{"type": "ONLY_APP_IDS", "values": []string{"ari:cloud:ecosystem::app/" + clockworkAppID}}},
		},
	}, &answer)
	if err != nil {
		return installation{}, asNotDiscovered(signError(err))
	}
	found, known := answer.installations(ids.EnvironmentID)
	switch {
	case !known:
		return installation{}, fmt.Errorf("%w: no list of apps", ErrUnknownShape)
	case len(found) == 0:
		return installation{}, fmt.Errorf("%w: Clockwork is not among its Forge apps", ErrSourceGone)
	case len(found) > 1:
		return installation{}, fmt.Errorf("%w: Clockwork is installed %d times", ErrNotDiscovered, len(found))
	case found[0].id == "" || found[0].version == "":
		return installation{}, fmt.Errorf("%w: an installation without id or version", ErrNotDiscovered)
	}
	return found[0], nil
}

// installations are those in the named environment, or in production. It is
// false if the answer has no such list.
func (a appsAnswer) installations(environmentID string) (found []installation, known bool) {
	edges := a.Ecosystem.AppsInstalledInContexts.Edges
	for _, edge := range edges {
		nodes := edge.Node.InstallationsByContexts.Nodes
		if nodes == nil {
			return nil, false
		}
		for _, w := range nodes {
			one := installation{w.ID, lastSegment(w.AppEnvironment.ID), w.AppEnvironmentVersion.Version}
			if environmentID == one.environmentID || environmentID == "" && w.AppEnvironment.Key == "production" {
				found = append(found, one)
			}
		}
	}
	return found, edges != nil
}

// asNotDiscovered leaves alone what has a meaning already, and outages, half an
// answer among them.
func asNotDiscovered(err error) error {
	failed, ok := errors.AsType[*upstream.Error](err)
	outage := !ok || failed.Err != nil || failed.Status == http.StatusTooManyRequests || failed.Status >= http.StatusInternalServerError
	if outage || errors.Is(err, ErrSessionExpired) || errors.Is(err, ErrSourceGone) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotDiscovered, err)
}
