package doctor

import (
	"regexp"
	"strings"
)

var cronField = regexp.MustCompile(`^[0-9A-Za-z*/,?#-]+$`)

// cron reports whether a text looks like a schedule, with or without its zone
// before it. What its fields mean is Inngest's business.
func cron(text string) bool {
	fields := strings.Fields(text)
	if len(fields) > 0 && (strings.HasPrefix(fields[0], "TZ=") || strings.HasPrefix(fields[0], "CRON_TZ=")) {
		fields = fields[1:]
	}
	if len(fields) == 1 && strings.HasPrefix(fields[0], "@") {
		return true
	}
	if len(fields) != 5 {
		return false
	}
	for _, f := range fields {
		if !cronField.MatchString(f) {
			return false
		}
	}
	return true
}
