package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
)

// What a program links costs size, time to compile and time to start.
func TestLinked(t *testing.T) {
	inngest := []string{"github.com/inngest/"}
	telemetry := []string{"go.opentelemetry.io/", "github.com/prometheus/"}
	for program, forbidden := range map[string][]string{
		"./api":          append(inngest, append(telemetry, "google.golang.org/")...),
		"./api/timers":   append(inngest, append(telemetry, "google.golang.org/")...),
		"./api/worklogs": append(inngest, append(telemetry, "google.golang.org/")...),
		"./cmd/dev":      telemetry,
	} {
		list, err := process.Run(t.Context(), process.Command{Path: "go", Args: []string{"list", "-deps", program}, Dir: root})
		require.NoError(t, err)
		linked := strings.Fields(list)
		require.Contains(t, linked, "net/http", "the list is one of packages")
		for _, pkg := range linked {
			for _, prefix := range forbidden {
				assert.False(t, strings.HasPrefix(pkg, prefix), "%s links %s", program, pkg)
			}
		}
	}
}
