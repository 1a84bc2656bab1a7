package process

import (
	"os"
	"strings"
)

// LoadAverage is the machine's, of the last minute, to be shown beside a
// measurement. It is "" if there is no /proc.
func LoadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
