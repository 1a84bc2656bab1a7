package process

import (
	"os"
	"strings"
)

// LoadAverage returns the machine's load average of the last minute, to print beside
// a measurement. It is "" if there is no /proc.
func LoadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
