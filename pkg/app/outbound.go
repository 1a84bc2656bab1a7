package app

import "github.com/clockwork-timer/backend/pkg/config"

// Where Inngest's SDK sends events and registers functions, unless it is told
// another address.
const (
	inngestEvents = "https://inn.gs"
	inngestAPI    = "https://api.inngest.com"
)

// addresses are the only ones that this process may send an HTTP request to.
func addresses(c *config.Config) []string {
	all := []string{c.Redis.RESTURL.String(), c.Clockwork.APIBaseURL.String(), c.Clockwork.ReportBaseURL.String(), c.JiraAPIURL(), c.SiteURL()}
	if own := c.InngestURL(); own != "" {
		return append(all, own)
	}
	return append(all, inngestEvents, inngestAPI)
}
