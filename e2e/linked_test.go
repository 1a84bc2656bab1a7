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
	const sdk = "github.com/inngest/inngestgo"
	exporters := []string{"go.opentelemetry.io/otel/exporters/", "github.com/prometheus/"}
	for program, forbidden := range map[string][]string{
		"./api":         append(exporters, sdk),
		"./api/timers":  append(exporters, sdk),
		"./api/inngest": exporters,
	} {
		list, err := process.Run(t.Context(), process.Command{Path: "go", Args: []string{"list", "-deps", "-tags", "lambda.norpc,grpcnotrace", program}, Dir: root})
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
