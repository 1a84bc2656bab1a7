package sandbox

import (
	"cmp"

	"github.com/golang-jwt/jwt/v5"
)

// Clockwork's own ids on Forge, the same on every site.
const (
	clockworkAppID         = "2f4dbb6a-b1b8-4824-94b1-42a64e507a09"
	clockworkEnvironmentID = "725dad32-d2c5-4b58-a141-a093d70c8d34"
	clockworkModuleKey     = "global-pages"
	clockworkModuleType    = "jira:globalPage"
)

// Site has the identifiers of Clockwork's installation.
type Site struct {
	Host           string `json:"host"` // such as example.atlassian.net
	CloudID        string `json:"cloudId"`
	WorkspaceID    string `json:"workspaceId"`
	InstallationID string `json:"installationId"`
	AppID          string `json:"appId"`
	EnvironmentID  string `json:"environmentId"`
	ExtensionID    string `json:"extensionId"`
	AppVersion     string `json:"appVersion"`
	ClientKey      string `json:"clientKey"` // issuer of the servlet's contextJwt
}

// Site returns the identifiers that a backend discovers or is configured with.
func (s *Sandbox) Site() Site {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.currentSite()
}

// currentSite needs s.mu held.
func (s *Sandbox) currentSite() Site {
	site := s.site
	site.AppVersion = cmp.Or(s.switches.AppVersion, site.AppVersion)
	return site
}

// newSite needs s.mu held.
func (s *Sandbox) newSite() Site {
	return Site{
		Host: s.opts.Site, CloudID: s.newUUID(), WorkspaceID: s.newUUID(), InstallationID: s.newUUID(),
		AppID: clockworkAppID, EnvironmentID: clockworkEnvironmentID, AppVersion: "3.10.0", ClientKey: s.newUUID(),
		ExtensionID: "ari:cloud:ecosystem::extension/" + clockworkAppID + "/" + clockworkEnvironmentID + "/static/" + clockworkModuleKey,
	}
}

// acceptsContext reports whether each context id names this site, in a form that
// Switches.ContextID allows.
func (s *Sandbox) acceptsContext(contextIDs []string) bool {
	only := s.Switches().ContextID
	for _, id := range contextIDs {
		switch {
		case id == "ari:cloud:jira::site/"+s.site.CloudID && only != "workspace":
		case id == "ari:cloud:jira:"+s.site.CloudID+":workspace/"+s.site.WorkspaceID && only != "site":
		default:
			return false
		}
	}
	return len(contextIDs) > 0
}

// contextClaims are those of Forge's context token.
type contextClaims struct {
	jwt.RegisteredClaims
	AccountID     string         `json:"accountId"`
	AppID         string         `json:"appId"`
	AppVersion    string         `json:"appVersion"`
	Context       map[string]any `json:"context"`
	ContextIDs    []string       `json:"contextIds"`
	ExtensionID   string         `json:"extensionId"`
	ExtensionType string         `json:"extensionType"`
}
