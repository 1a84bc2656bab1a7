package app

import (
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/inngestapi"
)

// addresses are the only ones that this process may send an HTTP request to.
func addresses(c *config.Config) []string {
	all := []string{c.Redis.RESTURL.String(), c.Clockwork.APIBaseURL.String(), c.Clockwork.ReportBaseURL.String(), c.JiraAPIURL(), c.SiteURL()}
	if own := c.InngestURL(); own != "" {
		return append(all, own)
	}
	return append(all, inngestapi.CloudEvents, inngestapi.CloudAPI)
}
