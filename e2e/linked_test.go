package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
)

// A program must not link some packages, because they cost size, compile time and
// start time.
func TestLinked(t *testing.T) {
	inngest := []string{"github.com/inngest/"}
	telemetry := []string{"go.opentelemetry.io/", "github.com/prometheus/"}
	calendars := []string{"github.com/arran4/"} // only the worklogs function writes calendars
	signIn := []string{module + "/pkg/signin"}  // only the auth function links the libraries of providers
	for program, forbidden := range map[string][]string{
		"./api":          slices.Concat(inngest, telemetry, calendars, signIn, []string{"google.golang.org/"}),
		"./api/auth":     calendars,
		"./api/inngest":  slices.Concat(calendars, signIn),
		"./api/timers":   slices.Concat(inngest, telemetry, calendars, signIn, []string{"google.golang.org/"}),
		"./api/worklogs": slices.Concat(inngest, telemetry, signIn, []string{"google.golang.org/"}),
		"./cmd/dev":      telemetry,
	} {
		list, err := process.Run(t.Context(), process.Command{Path: "go", Args: []string{"list", "-deps", program}, Dir: root})
		require.NoError(t, err)
		linked := strings.Fields(list)
		require.Contains(t, linked, "net/http", "the output lists packages")
		for _, pkg := range linked {
			for _, prefix := range forbidden {
				assert.False(t, strings.HasPrefix(pkg, prefix), "%s links %s", program, pkg)
			}
		}
	}
}
