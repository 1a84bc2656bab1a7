package doctor

import (
	"fmt"
	"io"
)

// The colours of the levels, for terminals (ECMA-48, select graphic rendition).
var colours = map[Level]string{OK: "32", Warn: "33", Fail: "31", Skip: "2"}

// Printer writes findings as lines of columns.
func Printer(w io.Writer, coloured bool) func(Finding) {
	return func(f Finding) {
		level := fmt.Sprintf("%-4s", f.Level)
		if coloured {
			level = "\x1b[" + colours[f.Level] + "m" + level + "\x1b[0m"
		}
		fmt.Fprintf(w, "%s %-14s %s\n", level, f.Check, f.Text)
	}
}
