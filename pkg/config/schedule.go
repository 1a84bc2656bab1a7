package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// cronField is what a field of a schedule may hold.
type cronField struct {
	lowest, highest int
	names           string // of the numbers from lowest on
}

var cronFields = []cronField{
	{lowest: 0, highest: 59},
	{lowest: 0, highest: 23},
	{lowest: 1, highest: 31},
	{lowest: 1, highest: 12, names: "jan feb mar apr may jun jul aug sep oct nov dec"},
	{lowest: 0, highest: 6, names: "sun mon tue wed thu fri sat"},
}

var cronWords = strings.Fields("@yearly @annually @monthly @weekly @daily @midnight @hourly")

// isSchedule reports whether a text is a schedule for Inngest: five fields, or
// a word such as @hourly, with or without a time zone before it.
func isSchedule(text string) bool {
	fields := strings.Fields(text)
	if name, zone, found := strings.Cut(text, "="); found && (name == "TZ" || name == "CRON_TZ") {
		zone, _, _ = strings.Cut(zone, " ")
		if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
			return false
		}
		fields = fields[1:]
	}
	switch {
	case len(fields) == 1:
		return slices.Contains(cronWords, fields[0])
	case len(fields) == 2 && fields[0] == "@every":
		every, err := time.ParseDuration(fields[1])
		return err == nil && every >= time.Second
	case len(fields) != len(cronFields):
		return false
	}
	for i, f := range cronFields {
		for part := range strings.SplitSeq(fields[i], ",") {
			if !f.holds(part) {
				return false
			}
		}
	}
	return true
}

// holds reports whether part is *, a value, or a range of values, each with or
// without a step.
func (f cronField) holds(part string) bool {
	values, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.ParseUint(step, 10, 31); stepped && (err != nil || n == 0) {
		return false
	}
	if values == "*" || values == "?" {
		return true
	}
	from, to, ranged := strings.Cut(values, "-")
	first, ok := f.value(from)
	if !ok || !ranged {
		return ok
	}
	last, ok := f.value(to)
	return ok && first <= last
}

func (f cronField) value(text string) (int, bool) {
	if i := slices.Index(strings.Fields(f.names), strings.ToLower(text)); i >= 0 {
		return f.lowest + i, true
	}
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil && f.lowest <= int(n) && int(n) <= f.highest
}
