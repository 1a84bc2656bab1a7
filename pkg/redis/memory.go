package redis

import (
	"strconv"
	"strings"
)

// Memory is what INFO memory reports.
type Memory struct {
	Used, Limit float64 // in bytes; a Limit of 0 means none, or unknown
	// Policy is what is dropped when memory is full: "noeviction" is nothing, ""
	// is unknown.
	Policy string
}

// ParseMemory reads the reply of INFO memory. What it does not find stays zero.
func ParseMemory(reply any) Memory {
	text, _ := reply.(string)
	fields := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[name] = value
		}
	}
	m := Memory{Policy: fields["maxmemory_policy"]}
	m.Used, _ = strconv.ParseFloat(fields["used_memory"], 64)
	m.Limit, _ = strconv.ParseFloat(fields["maxmemory"], 64)
	return m
}

// Evicts reports that keys which are needed may be dropped.
func (m Memory) Evicts() bool { return m.Policy != "" && m.Policy != "noeviction" }
