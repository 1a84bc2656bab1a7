package doctor

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/config"
)

func faultsOf(err error) []config.Fault {
	if wrong, ok := errors.AsType[*config.Error](err); ok {
		return wrong.Faults
	}
	return nil
}

// checkConfiguration names every variable that is missing or wrong.
func checkConfiguration(_ context.Context, t *target) []Finding {
	var found []Finding
	for _, f := range t.faults {
		found = append(found, fail("%s %s (.env.example says where to get it)", f.Variable, f.Problem))
	}
	for _, name := range slices.Sorted(maps.Keys(t.environ)) {
		if value := t.environ[name]; ours(name) && len(value) > 1 && strings.ContainsRune(`"'`, rune(value[0])) && value[len(value)-1] == value[0] {
			found = append(found, warn("%s begins and ends with a quote: Docker's --env-file keeps quotes, so remove them", name))
		}
	}
	if len(found) == 0 {
		return only(ok("no variable is missing or wrong"))
	}
	return found
}

// ours reports whether a variable is likely to be one of this backend's.
func ours(name string) bool {
	for _, prefix := range []string{"UPSTASH_", "KV_REST_", "REDIS_URL", "KEY_PREFIX", "CLOCKWORK_", "JIRA_", "ATLASSIAN_", "TIMER_SOURCE", "FORGE_", "INNGEST_", "JWT_SECRET",
		"AUTH_", "CORS_", "TOKEN_ENCRYPTION_KEY", "DEFAULT_TIMEZONE", "GOAL_PER_DAY", "SYNC_", "TRUSTED_PROXIES", "DATABASE_URL", "OTEL_", "RATE_LIMIT", "TEAM_", "METRICS_ADDRESS"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
