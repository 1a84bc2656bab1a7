package routes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// dependencies are all services that this backend calls. connect and forge are the
// two ways to Clockwork's token, on the Jira site; report is Clockwork's list.
var dependencies = []string{"clockwork", "jira", "connect", "forge", "report", "redis", "inngest"}

// TestFaultMatrixIsWhole covers the rest of the matrix: a route does not call a
// dependency that it has no row for, so that dependency's faults do not matter. So
// every route is tested with every dependency.
func TestFaultMatrixIsWhole(t *testing.T) {
	rows := matrix()
	var table strings.Builder
	for _, route := range otherRoutes() {
		var own []row
		for _, r := range rows {
			if r.route == route.Path {
				own = append(own, r)
			}
		}
		if !assert.NotEmpty(t, own, "%s has no row", route.Path) {
			continue
		}
		asked := map[string]bool{}
		for _, r := range own {
			asked[r.dependency] = true
		}
		var unasked []string
		for _, dependency := range dependencies {
			if !asked[dependency] {
				unasked = append(unasked, dependency)
			}
		}
		if route.Path == "/api/inngest" {
			unasked = []string{"clockwork", "inngest"} // a run calls only one source, see TestSyncAsksOneSource
		}
		t.Run(strings.Trim(strings.ReplaceAll(route.Path, "/", "-"), "-"), func(t *testing.T) {
			t.Parallel()
			for _, r := range own {
				assertUnasked(t, r, unasked)
			}
		})
		fmt.Fprintf(&table, "\n%-24s never asks %s", route.Path, strings.Join(unasked, ", "))
	}
	t.Log(table.String())
}

// A sync calls only the source that is configured, and not Inngest.
func TestSyncAsksOneSource(t *testing.T) {
	for _, r := range matrixOfSync() {
		switch r.variant {
		case "-connect":
			assertUnasked(t, r, []string{"forge", "inngest", "clockwork"})
		case "-forge":
			assertUnasked(t, r, []string{"connect", "report", "inngest", "clockwork"})
		}
	}
}

// assertUnasked runs the row while the given dependencies are broken, and asserts
// that it succeeds without calling them.
func assertUnasked(t *testing.T, r row, broken []string) {
	t.Helper()
	well := r.want["slow"]
	w := r.world(t, app.Deadlines{})
	plans := map[string]*fault.Plan{}
	for _, dependency := range broken {
		plans[dependency] = w.Faults().Add(fault.Fault{Upstream: dependency, Kind: fault.Status})
	}
	request := r.request(w)
	a := w.Do(t.Context(), request.handler, request.Request)
	assert.Equal(t, well.status, a.Status, "%s: %s", r.name(), a.Body)
	assert.Contains(t, string(a.Body), well.has)
	for dependency, plan := range plans {
		assert.Zero(t, plan.Hits(), "%s asks %s", r.name(), dependency)
	}
}

// Every row names a dependency, a route and all faults that exist.
func TestFaultMatrixNames(t *testing.T) {
	for _, r := range matrix() {
		assert.True(t, slices.Contains(dependencies, r.dependency), r.dependency)
		assert.Len(t, r.want, len(faults), r.name())
		assert.True(t, slices.ContainsFunc(routes.All(), func(route routes.Route) bool { return route.Path == r.route }), r.route)
	}
	w := apptest.New(t, apptest.Options{Unsynced: true, Inngest: true})
	for _, dependency := range dependencies {
		assert.NotPanics(t, func() { w.Refuse(serverOf(dependency)) }, dependency)
	}
}
