package app

import (
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/version"
)

// Service is this backend's name in its answers.
const Service = "clockwork-timers"

// Version is the product's version, followed by the deployed commit if the
// platform names it: "0.9.0+59b6359".
func Version(c *config.Config) string {
	if c.Platform.Commit == "" {
		return version.Number
	}
	return version.Number + "+" + c.Platform.Commit[:min(7, len(c.Platform.Commit))]
}
