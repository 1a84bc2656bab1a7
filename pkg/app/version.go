package app

import "github.com/clockwork-timer/backend/pkg/config"

// Service is this backend's name in its answers.
const Service = "clockwork-timers"

// Version is the deployed commit, or "dev".
func Version(c *config.Config) string {
	if c.Platform.Commit == "" {
		return "dev"
	}
	return c.Platform.Commit[:min(7, len(c.Platform.Commit))]
}
