package timersource

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
)

// Clockwork's own identifiers on Forge, the same on every site so far.
const (
	clockworkAppID         = "2f4dbb6a-b1b8-4824-94b1-42a64e507a09"
	clockworkEnvironmentID = "725dad32-d2c5-4b58-a141-a093d70c8d34"
	clockworkModule        = "global-pages"
	clockworkModuleType    = "jira:globalPage"
)

// identity is all that a call through Forge must name.
type identity struct {
	cloudID        string
	contextID      string // of the site, or of its workspace
	extensionID    string
	environmentID  string
	installationID string
	appVersion     string
}

// encode makes a text of it, to be kept with a token.
func (id identity) encode() string {
	text, err := json.Marshal([]string{id.cloudID, id.contextID, id.extensionID, id.environmentID, id.installationID, id.appVersion})
	if err != nil {
		panic("timersource: strings that cannot be encoded: " + err.Error())
	}
	return string(text)
}

// decodeIdentity is false for a text that encode did not make.
func decodeIdentity(text string) (identity, bool) {
	var ids []string
	if json.Unmarshal([]byte(text), &ids) != nil || len(ids) != 6 {
		return identity{}, false
	}
	return identity{ids[0], ids[1], ids[2], ids[3], ids[4], ids[5]}, true
}

// identify discovers what is not configured.
func (f *Forge) identify(ctx context.Context) (identity, error) {
	ids := f.configured
	if ids.CloudID == "" {
		cloudID, err := f.cloudID(ctx)
		if err != nil {
			return identity{}, err
		}
		ids.CloudID = cloudID
	}
	if ids.InstallationID == "" || ids.AppVersion == "" {
		found, err := f.discover(ctx, ids)
		if err != nil {
			return identity{}, err
		}
		ids.InstallationID = cmp.Or(ids.InstallationID, found.id)
		ids.AppVersion = cmp.Or(ids.AppVersion, found.version)
		ids.EnvironmentID = cmp.Or(ids.EnvironmentID, found.environmentID)
	}
	ids.EnvironmentID = cmp.Or(ids.EnvironmentID, clockworkEnvironmentID)
	return ids.identity(), nil
}

// identity builds the ARIs. The extension's too: discovery shows that of a deployment,
// which cannot be called.
func (ids ForgeIDs) identity() identity {
	extensionID := cmp.Or(ids.ExtensionID,
		"ari:cloud:ecosystem::extension/"+clockworkAppID+"/"+ids.EnvironmentID+"/static/"+clockworkModule)
	return identity{
		cloudID: ids.CloudID, contextID: ids.contextID(), extensionID: extensionID,
		environmentID: ids.EnvironmentID, installationID: ids.InstallationID, appVersion: ids.AppVersion,
	}
}

// contextID names the site; if that is not accepted, a configured workspace does.
func (ids ForgeIDs) contextID() string {
	if ids.WorkspaceID != "" {
		return "ari:cloud:jira:" + ids.CloudID + ":workspace/" + ids.WorkspaceID
	}
	return "ari:cloud:jira::site/" + ids.CloudID
}

// lastSegment takes the bare id out of an ARI.
func lastSegment(ari string) string { return ari[strings.LastIndexByte(ari, '/')+1:] }
