package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
)

// Functions send what they tell of themselves without OpenTelemetry's own
// exporters: these link protobuf and gRPC, which makes a function 5 MB larger
// and its cold start 1.5 ms longer.
func TestFunctionsLinkNoExporter(t *testing.T) {
	list, err := process.Run(t.Context(), process.Command{Path: "go", Args: []string{"list", "-deps", "-tags", "lambda.norpc,grpcnotrace", "./api/...", "./inngest"}, Dir: root})
	require.NoError(t, err)
	linked := strings.Fields(list)
	require.Contains(t, linked, "go.opentelemetry.io/otel/sdk/trace", "the list is one of packages")
	for _, pkg := range linked {
		assert.False(t, strings.HasPrefix(pkg, "go.opentelemetry.io/otel/exporters/") || strings.HasPrefix(pkg, "github.com/prometheus/"), "functions link %s", pkg)
	}
}
